// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include "emu/emu.h"
#include "emu/link.h"

/* Numbers of enum bpf_link_type that this build's headers may not have. */
enum link_type {
	LINK_CGROUP = 3,
	LINK_NETNS = 5,
	LINK_XDP = 6,
	LINK_STRUCT_OPS = 9,
	LINK_NETFILTER = 10,
	LINK_TCX = 11,
	LINK_NETKIT = 13,
	LINK_SOCKMAP = 14,
};

/* What a link that is detached says of where it was: that number of its detail reads 0. */
static const struct detachable {
	uint32_t type;
	const char *cleared; /* NULL: nothing */
} detachable_types[] = {
	{LINK_CGROUP, "cgroup_id"}, {LINK_NETNS, "netns_ino"}, {LINK_XDP, "ifindex"},
	{LINK_STRUCT_OPS, NULL},    {LINK_NETFILTER, NULL},    {LINK_TCX, "ifindex"},
	{LINK_NETKIT, "ifindex"},   {LINK_SOCKMAP, NULL},
};

static void link_object_free(struct emu_object *object)
{
	struct emu_link *link = (struct emu_link *)object;

	prog_put(link->prog);
	json_decref(link->detail);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

static const struct emu_object_ops link_object_ops = {.free = link_object_free};

int emu_link_create(struct backend *backend, const struct emu_link_spec *spec,
		    struct handle **handle)
{
	struct emu_link *link = calloc(1, sizeof(*link));
	int error = 0;

	if (!link)
		return -ENOMEM;
	object_init(&link->object, emu_of(backend), OBJECT_LINK, &link_object_ops);
	pthread_mutex_init(&link->lock, NULL);
	link->type = spec->type;
	link->detail = spec->detail ? json_deep_copy(spec->detail) : json_object();
	if (!link->detail)
		error = -ENOMEM;
	else if (spec->prog_fd >= 0)
		error = prog_from_fd(emu_of(backend), spec->prog_fd, &link->prog);
	if (!error)
		error = object_publish(&link->object);
	if (error) {
		object_put(&link->object);
		return error;
	}
	return handle_new(&link->object, HANDLE_READ | HANDLE_WRITE, handle);
}

int emu_link_info(struct handle *handle, struct link_info *info)
{
	struct emu_link *link = (struct emu_link *)emu_handle(handle)->object;

	*info = (struct link_info){
		.type = link->type,
		.id = link->object.id,
		.prog_id = link->prog ? link->prog->object.id : 0,
	};
	pthread_mutex_lock(&link->lock);
	info->detail = json_deep_copy(link->detail);
	pthread_mutex_unlock(&link->lock);
	return info->detail ? 0 : -ENOMEM;
}

int emu_link_detach(struct handle *handle)
{
	struct emu_link *link = (struct emu_link *)emu_handle(handle)->object;
	const struct detachable *found = NULL;
	int error = 0;

	for (size_t i = 0; i < sizeof(detachable_types) / sizeof(*detachable_types); i++)
		if (detachable_types[i].type == link->type)
			found = &detachable_types[i];
	if (!found)
		return -EOPNOTSUPP;
	if (!found->cleared)
		return 0;
	pthread_mutex_lock(&link->lock);
	if (json_object_get(link->detail, found->cleared) &&
	    json_object_set_new(link->detail, found->cleared, json_integer(0)))
		error = -ENOMEM;
	pthread_mutex_unlock(&link->lock);
	return error;
}
