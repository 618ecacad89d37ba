// SPDX-License-Identifier: BSD-2-Clause
/*
 * The backend table, called through: one place that answers for entries a backend does not have
 * and that refuses every change on a read-only one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <bpfuse/backend.h>
#include <bpfuse/cleanup.h>

/* Calls an entry that reads. */
#define READS(backend_, entry, ...)                                                                \
	((backend_)->ops->entry ? (backend_)->ops->entry(__VA_ARGS__) : -EOPNOTSUPP)
/* Calls an entry that changes something. */
#define CHANGES(backend_, entry, ...)                                                              \
	((backend_)->read_only ? -EROFS : READS(backend_, entry, __VA_ARGS__))

enum { ROOTS = sizeof(((struct backend *)0)->roots) / sizeof(char *) };

void backend_close(struct backend *backend)
{
	if (!backend)
		return;
	for (int i = 0; i < ROOTS; i++)
		free(backend->roots[i]);
	free(backend->origin);
	backend->ops->close(backend);
}

int backend_add_root(struct backend *backend, const char *directory)
{
	for (int i = 0; i < ROOTS; i++) {
		if (backend->roots[i])
			continue;
		backend->roots[i] = realpath(directory, NULL);
		return backend->roots[i] ? 0 : -errno;
	}
	return -ENOSPC;
}

const char *pin_path(const struct backend *backend, const char *path)
{
	for (int i = 0; i < ROOTS; i++) {
		const char *root = backend->roots[i];
		size_t length = root ? strlen(root) : 0;

		if (length > 1 && strncmp(path, root, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0')) {
			path += length;
			break;
		}
	}
	return path + strspn(path, "/");
}

/* --- objects --- */

int map_create(struct backend *backend, const struct map_spec *spec, struct handle **map)
{
	return CHANGES(backend, map_create, backend, spec, map);
}

int object_open(struct backend *backend, enum object_kind kind, uint32_t id, uint32_t open_flags,
		struct handle **handle)
{
	return READS(backend, object_open, backend, kind, id, open_flags, handle);
}

int object_next(struct backend *backend, enum object_kind kind, uint32_t after, uint32_t *id)
{
	return READS(backend, object_next, backend, kind, after, id);
}

void handle_close(struct handle *handle)
{
	if (handle)
		handle->backend->ops->handle_close(handle);
}

void handle_closep(struct handle **handle)
{
	handle_close(*handle);
}

int map_info(struct handle *map, struct map_info *info)
{
	return READS(map->backend, map_info, map, info);
}

int map_state(struct handle *map, struct map_state *state)
{
	return READS(map->backend, map_state, map, state);
}

int prog_info(struct handle *prog, struct prog_info *info)
{
	return READS(prog->backend, prog_info, prog, info);
}

void prog_info_free(struct prog_info *info)
{
	free(info->map_ids);
	info->map_ids = NULL;
	info->map_count = 0;
}

int prog_xlated(struct handle *prog, void **bytes, size_t *length)
{
	return READS(prog->backend, prog_xlated, prog, bytes, length);
}

int link_info(struct handle *link, struct link_info *info)
{
	return READS(link->backend, link_info, link, info);
}

void link_info_free(struct link_info *info)
{
	json_decref(info->detail);
	info->detail = NULL;
}

int link_detach(struct handle *link)
{
	return CHANGES(link->backend, link_detach, link);
}

int btf_load(struct backend *backend, const void *bytes, size_t length, struct handle **btf)
{
	return CHANGES(backend, btf_load, backend, bytes, length, btf);
}

int btf_bytes(struct handle *btf, void **bytes, size_t *length)
{
	return READS(btf->backend, btf_bytes, btf, bytes, length);
}

int object_holders(struct handle *handle, struct holder **holders, size_t *count)
{
	return READS(handle->backend, object_holders, handle, holders, count);
}

static int map_object_id(struct handle *map, uint32_t *id)
{
	struct map_info info;
	int error = map_info(map, &info);

	*id = error ? 0 : info.id;
	return error;
}

static int prog_object_id(struct handle *prog, uint32_t *id)
{
	struct prog_info info = {0};
	int error = prog_info(prog, &info);

	*id = error ? 0 : info.id;
	prog_info_free(&info);
	return error;
}

static int link_object_id(struct handle *link, uint32_t *id)
{
	struct link_info info = {0};
	int error = link_info(link, &info);

	*id = error ? 0 : info.id;
	link_info_free(&info);
	return error;
}

int object_id(struct handle *handle, uint32_t *id)
{
	static int (*const ask[])(struct handle *, uint32_t *) = {
		[OBJECT_MAP] = map_object_id,
		[OBJECT_PROG] = prog_object_id,
		[OBJECT_LINK] = link_object_id,
	};

	*id = 0;
	if (handle->kind >= sizeof(ask) / sizeof(ask[0]))
		return -EOPNOTSUPP;
	return ask[handle->kind](handle, id);
}

/* --- elements --- */

int map_lookup(struct handle *map, const void *key, void *value, uint64_t flags)
{
	return READS(map->backend, map_lookup, map, key, value, flags);
}

int map_update(struct handle *map, const void *key, const void *value, uint64_t flags)
{
	return CHANGES(map->backend, map_update, map, key, value, flags);
}

int map_delete(struct handle *map, const void *key)
{
	return CHANGES(map->backend, map_delete, map, key);
}

int map_next_key(struct handle *map, const void *key, void *next)
{
	return READS(map->backend, map_next_key, map, key, next);
}

int map_lookup_and_delete(struct handle *map, const void *key, void *value, uint64_t flags)
{
	return CHANGES(map->backend, map_lookup_and_delete, map, key, value, flags);
}

/*
 * A backend tells how far it came, or leaves the count alone where it refuses the command as such
 * (as bpf(2) does): then nothing was done. Only -ENOENT, the end, can come with a full count.
 */
static int batch_result(int error, uint32_t asked, uint32_t *count)
{
	if (error && error != -ENOENT && *count == asked)
		*count = 0;
	return error;
}

int map_lookup_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
		     uint32_t *count, uint64_t elem_flags)
{
	uint32_t asked = *count;

	return batch_result(READS(map->backend, map_lookup_batch, map, in, out, keys, values, count,
				  elem_flags),
			    asked, count);
}

int map_lookup_and_delete_batch(struct handle *map, const void *in, void *out, void *keys,
				void *values, uint32_t *count, uint64_t elem_flags)
{
	uint32_t asked = *count;

	return batch_result(CHANGES(map->backend, map_lookup_and_delete_batch, map, in, out, keys,
				    values, count, elem_flags),
			    asked, count);
}

int map_update_batch(struct handle *map, const void *keys, const void *values, uint32_t *count,
		     uint64_t elem_flags)
{
	uint32_t asked = *count;

	return batch_result(
		CHANGES(map->backend, map_update_batch, map, keys, values, count, elem_flags),
		asked, count);
}

int map_delete_batch(struct handle *map, const void *keys, uint32_t *count, uint64_t elem_flags)
{
	uint32_t asked = *count;

	return batch_result(CHANGES(map->backend, map_delete_batch, map, keys, count, elem_flags),
			    asked, count);
}

int map_freeze(struct handle *map)
{
	return CHANGES(map->backend, map_freeze, map);
}

int map_pop_text(struct handle *map, char *text, size_t room)
{
	return CHANGES(map->backend, map_pop_text, map, text, room);
}

int map_popped_value(struct handle *map, const char *text, void *value)
{
	return READS(map->backend, map_popped_value, map, text, value);
}

/* --- streams: reading one takes its records, which is a change --- */

int stream_open(struct handle *map, struct stream **stream)
{
	return CHANGES(map->backend, stream_open, map, stream);
}

int stream_push(struct handle *map, const void *record, size_t length)
{
	return CHANGES(map->backend, stream_push, map, record, length);
}

/* --- network devices --- */

int device_list(struct backend *backend, struct device_info **devices, size_t *count)
{
	return READS(backend, device_list, backend, devices, count);
}

int device_find(struct backend *backend, const char *name, struct device_info *info)
{
	return READS(backend, device_find, backend, name, info);
}

int device_by_ifindex(struct backend *backend, uint32_t ifindex, struct device_info *info)
{
	return READS(backend, device_by_ifindex, backend, ifindex, info);
}

int device_add(struct backend *backend, const char *name)
{
	return CHANGES(backend, device_add, backend, name);
}

int device_remove(struct backend *backend, const char *name)
{
	return CHANGES(backend, device_remove, backend, name);
}

int device_rename(struct backend *backend, const char *from, const char *to)
{
	return CHANGES(backend, device_rename, backend, from, to);
}

int device_get(struct backend *backend, const char *name, enum device_attribute attribute,
	       struct buffer *out)
{
	return READS(backend, device_get, backend, name, attribute, out);
}

int device_set(struct backend *backend, const char *name, enum device_attribute attribute,
	       const char *text, size_t length, struct fault *fault)
{
	return CHANGES(backend, device_set, backend, name, attribute, text, length, fault);
}

int xdp_info(struct backend *backend, uint32_t ifindex, struct xdp_info *info)
{
	return READS(backend, xdp_info, backend, ifindex, info);
}

int xdp_attach(struct backend *backend, uint32_t ifindex, enum xdp_mode mode, struct handle *prog,
	       bool only_new)
{
	return CHANGES(backend, xdp_attach, backend, ifindex, mode, prog, only_new);
}

int stats_enable(struct backend *backend, bool enable)
{
	return CHANGES(backend, stats_enable, backend, enable);
}

int stats_enabled(struct backend *backend, bool *enabled)
{
	return READS(backend, stats_enabled, backend, enabled);
}

int socket_list(struct backend *backend, struct socket_info **sockets, size_t *count)
{
	return READS(backend, socket_list, backend, sockets, count);
}

int map_parse_value(struct handle *map, const char *text, size_t length, void *value,
		    struct fault *fault)
{
	if (!map->backend->ops->map_parse_value)
		return -ENOSYS;
	return map->backend->ops->map_parse_value(map, text, length, value, fault);
}

const char *map_update_reason(struct handle *map, int error)
{
	const struct backend_ops *ops = map->backend->ops;

	return ops->map_update_reason ? ops->map_update_reason(map, error) : NULL;
}

/* --- the pin tree --- */

int tree_stat(struct backend *backend, const char *path, struct stat *st)
{
	return READS(backend, tree_stat, backend, path, st);
}

int tree_list(struct backend *backend, const char *path, struct tree_entry **entries, size_t *count)
{
	return READS(backend, tree_list, backend, path, entries, count);
}

void tree_entries_free(struct tree_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(entries[i].name);
	free(entries);
}

int tree_readlink(struct backend *backend, const char *path, char *target, size_t size)
{
	return READS(backend, tree_readlink, backend, path, target, size);
}

int tree_mkdir(struct backend *backend, const struct caller *caller, const char *path, mode_t mode)
{
	return CHANGES(backend, tree_mkdir, backend, caller, path, mode);
}

int tree_symlink(struct backend *backend, const struct caller *caller, const char *target,
		 const char *path)
{
	return CHANGES(backend, tree_symlink, backend, caller, target, path);
}

int tree_rmdir(struct backend *backend, const struct caller *caller, const char *path)
{
	return CHANGES(backend, tree_rmdir, backend, caller, path);
}

int tree_unlink(struct backend *backend, const struct caller *caller, const char *path)
{
	return CHANGES(backend, tree_unlink, backend, caller, path);
}

int tree_rename(struct backend *backend, const struct caller *caller, const char *from,
		const char *to, unsigned flags)
{
	return CHANGES(backend, tree_rename, backend, caller, from, to, flags);
}

int tree_chmod(struct backend *backend, const struct caller *caller, const char *path, mode_t mode)
{
	return CHANGES(backend, tree_chmod, backend, caller, path, mode);
}

int tree_chown(struct backend *backend, const struct caller *caller, const char *path, uid_t uid,
	       gid_t gid)
{
	return CHANGES(backend, tree_chown, backend, caller, path, uid, gid);
}

int tree_utimens(struct backend *backend, const struct caller *caller, const char *path,
		 const struct timespec times[2])
{
	return CHANGES(backend, tree_utimens, backend, caller, path, times);
}

int tree_statfs(struct backend *backend, struct statvfs *st)
{
	return READS(backend, tree_statfs, backend, st);
}

int pin(struct handle *handle, const struct caller *caller, const char *path)
{
	return CHANGES(handle->backend, pin, handle, caller, path);
}

int pin_open(struct backend *backend, const char *path, uint32_t open_flags, struct handle **handle)
{
	return READS(backend, pin_open, backend, path, open_flags, handle);
}

static int pins_visit_entry(struct backend *backend, const char *path,
			    int (*visit)(void *, const char *, const struct stat *), void *context)
{
	struct stat st;
	int error = tree_stat(backend, path, &st);

	if (error == -ENOENT)
		return 0; /* gone since it was listed */
	if (error)
		return error;
	if (S_ISDIR(st.st_mode))
		return pins_visit(backend, path, visit, context);
	return S_ISREG(st.st_mode) ? visit(context, path, &st) : 0;
}

int pins_visit(struct backend *backend, const char *path,
	       int (*visit)(void *context, const char *path, const struct stat *st), void *context)
{
	struct tree_entry *entries;
	size_t count;
	int error = tree_list(backend, path, &entries, &count);

	if (error)
		return error == -ENOENT && *path ? 0 : error;
	for (size_t i = 0; !error && i < count; i++) {
		cleanup_free char *child = NULL;

		if (asprintf(&child, "%s%s%s", path, *path ? "/" : "", entries[i].name) < 0)
			error = -ENOMEM;
		else
			error = pins_visit_entry(backend, child, visit, context);
	}
	tree_entries_free(entries, count);
	return error;
}
