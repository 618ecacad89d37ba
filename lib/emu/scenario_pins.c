// SPDX-License-Identifier: BSD-2-Clause
/* Scenario: "pins", the tree: directories, symlinks and pinned objects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "emu/scenario.h"

struct pin_item {
	const char *path, *map, *prog, *link, *symlink, *mode;
	bool directory;
	uint64_t uid, gid;
};

static int read_pin(struct scenario *scenario, json_t *json, struct pin_item *item)
{
	const struct scenario_member members[] = {
		{"path", SCENARIO_TEXT, &item->path, .required = true},
		{"map", SCENARIO_TEXT, &item->map},
		{"prog", SCENARIO_TEXT, &item->prog},
		{"link", SCENARIO_TEXT, &item->link},
		{"symlink", SCENARIO_TEXT, &item->symlink},
		{"directory", SCENARIO_BOOL, &item->directory},
		{"mode", SCENARIO_TEXT, &item->mode},
		{"uid", SCENARIO_NUMBER, &item->uid, .limit = UINT32_MAX - 1},
		{"gid", SCENARIO_NUMBER, &item->gid, .limit = UINT32_MAX - 1},
		{NULL},
	};

	return scenario_members(scenario, json, members);
}

/* Directories that lead to the path come into being, as `mkdir -p` would make them. */
static int make_parents(struct scenario *scenario, const char *path)
{
	char parent[PATH_MAX];
	int error = 0;

	if (strlen(path) >= sizeof(parent))
		return -ENAMETOOLONG;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
		error = emu_tree_mkdir(&scenario->emu->backend, NULL, parent, 0755);
		if (error && error != -EEXIST)
			return error;
	}
	return 0;
}

static int pin_object(struct scenario *scenario, enum object_kind kind, const char *name,
		      const char *path)
{
	struct handle *handle = scenario_find(scenario, kind, name);
	int error;

	if (!handle)
		return -EINVAL;
	error = emu_pin(handle, NULL, path);
	return error ? scenario_fault(scenario, -error, "%s: %s", path, strerror(-error)) : 0;
}

static int make_node(struct scenario *scenario, const struct pin_item *item)
{
	struct backend *backend = &scenario->emu->backend;
	int error;

	if (item->map)
		return pin_object(scenario, OBJECT_MAP, item->map, item->path);
	if (item->prog)
		return pin_object(scenario, OBJECT_PROG, item->prog, item->path);
	if (item->link)
		return pin_object(scenario, OBJECT_LINK, item->link, item->path);
	error = item->symlink ? emu_tree_symlink(backend, NULL, item->symlink, item->path)
			      : emu_tree_mkdir(backend, NULL, item->path, 0755);
	return error ? scenario_fault(scenario, -error, "%s: %s", item->path, strerror(-error)) : 0;
}

static int set_attributes(struct scenario *scenario, const struct pin_item *item)
{
	struct backend *backend = &scenario->emu->backend;
	int error = 0;

	if (item->uid != UINT64_MAX || item->gid != UINT64_MAX)
		error = emu_tree_chown(backend, NULL, item->path, (uid_t)item->uid,
				       (gid_t)item->gid);
	if (!error && item->mode) {
		char *end;
		unsigned long mode = strtoul(item->mode, &end, 8);

		if (!item->mode[0] || *end || mode > 07777)
			return scenario_fault(scenario, EINVAL,
					      "\"mode\" must be octal digits, such as \"0640\"");
		error = emu_tree_chmod(backend, NULL, item->path, (mode_t)mode);
	}
	return error ? scenario_fault(scenario, -error, "%s: %s", item->path, strerror(-error)) : 0;
}

static int load_pin(struct scenario *scenario, json_t *json)
{
	struct pin_item item = {.uid = UINT64_MAX, .gid = UINT64_MAX};
	int kinds, error = read_pin(scenario, json, &item);

	if (error)
		return error;
	kinds = !!item.map + !!item.prog + !!item.link + !!item.symlink + item.directory;
	if (kinds != 1)
		return scenario_fault(scenario, EINVAL,
				      "expected one of \"map\", \"prog\", \"link\", \"symlink\" "
				      "and \"directory\"");
	error = make_parents(scenario, item.path);
	if (error)
		return scenario_fault(scenario, -error, "%s: %s", item.path, strerror(-error));
	error = make_node(scenario, &item);
	return error ? error : set_attributes(scenario, &item);
}

int scenario_load_pins(struct scenario *scenario, json_t *json)
{
	return scenario_each(scenario, json, load_pin);
}
