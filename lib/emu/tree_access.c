// SPDX-License-Identifier: BSD-2-Clause
/* Who may do what: the permission checks of the VFS, for a caller that is told to us. */
#include <errno.h>
#include "emu/tree.h"

bool caller_is_root(const struct caller *caller)
{
	return !caller || caller->uid == 0;
}

bool caller_in_group(const struct caller *caller, gid_t gid)
{
	if (caller->gid == gid)
		return true;
	for (size_t i = 0; i < caller->group_count; i++)
		if (caller->groups[i] == gid)
			return true;
	return false;
}

bool caller_owns(const struct caller *caller, const struct tree_node *node)
{
	return caller_is_root(caller) || caller->uid == node->uid;
}

int node_permission(const struct tree_node *node, const struct caller *caller, unsigned mask)
{
	unsigned granted = node->mode & 7;

	/* Root passes on directories and for reading and writing: all that is asked for here. */
	if (caller_is_root(caller))
		return 0;
	if (caller->uid == node->uid)
		granted = node->mode >> 6 & 7;
	else if (caller_in_group(caller, node->gid))
		granted = node->mode >> 3 & 7;
	return (granted & mask) == mask ? 0 : -EACCES;
}

int directory_may_create(const struct tree_node *directory, const struct caller *caller)
{
	return node_permission(directory, caller, ACCESS_WRITE | ACCESS_EXECUTE);
}

/* __check_sticky() */
static bool sticky_forbids(const struct tree_node *victim, const struct caller *caller)
{
	const struct tree_node *directory = victim->parent;

	return (directory->mode & S_ISVTX) && !caller_owns(caller, victim) &&
	       !caller_owns(caller, directory);
}

int directory_may_delete(const struct tree_node *victim, const struct caller *caller,
			 bool as_directory)
{
	int error = node_permission(victim->parent, caller, ACCESS_WRITE | ACCESS_EXECUTE);

	if (error)
		return error;
	if (sticky_forbids(victim, caller))
		return -EPERM;
	if (as_directory && !S_ISDIR(victim->mode))
		return -ENOTDIR;
	if (as_directory && victim->parent == victim)
		return -EBUSY;
	return !as_directory && S_ISDIR(victim->mode) ? -EISDIR : 0;
}
