// SPDX-License-Identifier: BSD-2-Clause
/* New maps of a mount, and the types they are to have. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpf/btf.h>
#include <bpfuse/cleanup.h>
#include "internal.h"
#include "owner.h"

/* Kept here until a map is made with it. */
int mount_btf_load(struct backend *backend, const void *bytes, size_t length, struct handle **btf)
{
	struct mount_handle *made = calloc(1, sizeof(*made));
	int error = 0;

	if (!made)
		return -ENOMEM;
	made->base = (struct handle){backend, OBJECT_BTF, memfd_create("btf", MFD_CLOEXEC)};
	if (made->base.fd < 0)
		error = -errno;
	made->directory = made->base.fd;
	made->bytes = malloc(length);
	made->length = length;
	if (!error && (!made->bytes || write(made->base.fd, bytes, length) != (ssize_t)length))
		error = -ENOMEM;
	if (error) {
		mount_handle_close(&made->base);
		return error;
	}
	memcpy(made->bytes, bytes, length);
	*btf = &made->base;
	return 0;
}

int mount_btf_bytes(struct handle *btf, void **bytes, size_t *length)
{
	const struct mount_handle *handle = mount_handle(btf);

	*bytes = malloc(handle->length ? handle->length : 1);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, handle->bytes, handle->length);
	*length = handle->length;
	return 0;
}

/* The type's name, as SPEC finds it again; NULL: it has none. */
static const char *type_name(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name = type ? btf__name_by_offset(btf, type->name_off) : NULL;

	return name && *name ? name : NULL;
}

/*
 * SPEC's btf= takes a file, which the daemon opens. It may be another user, or may not look into
 * this process: so it is a file that it finds by its name, for as long as the map is being made.
 */
static int btf_file_make(int btf_fd, char path[PATH_MAX])
{
	char made[PATH_MAX];
	cleanup_close int fd = -1;
	struct stat st;
	off_t from = 0;

	owner_temporary(made);
	fd = mkostemp(made, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(btf_fd, &st) && sendfile(fd, btf_fd, &from, (size_t)st.st_size) == st.st_size &&
	    !fchmod(fd, 0644) && realpath(made, path))
		return 0;
	unlink(made);
	return -EIO;
}

/* " btf=FILE key=NAME value=NAME"; -EOPNOTSUPP where a type has no name to be called by. */
static int spec_add_btf(const struct map_spec *spec, const char *path, json_t *words)
{
	struct btf *btf = btf__parse_raw(path);
	const char *key, *value;
	int error = 0;

	if (!btf)
		return -errno;
	key = type_name(btf, spec->btf_key_type_id);
	value = type_name(btf, spec->btf_value_type_id);
	if (!key || !value)
		error = -EOPNOTSUPP;
	else if (json_object_set_new(words, "btf", json_string(path)) ||
		 json_object_set_new(words, "key", json_string(key)) ||
		 json_object_set_new(words, "value", json_string(value)))
		error = -ENOMEM;
	btf__free(btf);
	return error;
}

/* btf: the file that has the types; NULL: there are none. */
static int spec_text(struct backend *backend, const struct map_spec *spec, const char *btf,
		     char **text)
{
	char type[24], flags[16];
	struct device_info device;
	json_t *words;
	int error = 0;

	snprintf(flags, sizeof(flags), "%u", spec->map_flags);
	words = json_pack("{s:s, s:I, s:I, s:I, s:s}", "type", map_type_name(spec->type, type),
			  "key", (json_int_t)spec->key_size, "value", (json_int_t)spec->value_size,
			  "entries", (json_int_t)spec->max_entries, "flags", flags);
	if (*spec->name)
		json_object_set_new(words, "name", json_string(spec->name));
	if (spec->map_extra)
		json_object_set_new(words, "extra", json_integer((json_int_t)spec->map_extra));
	if (spec->inner_map_fd >= 0)
		json_object_set_new(words, "inner", json_integer(spec->inner_map_fd));
	if (spec->map_flags & BPF_F_NUMA_NODE)
		json_object_set_new(words, "numa", json_integer(spec->numa_node));
	if (spec->ifindex)
		error = mount_device_by_ifindex(backend, spec->ifindex, &device);
	if (spec->ifindex && !error)
		json_object_set_new(words, "dev", json_string(device.name));
	if (!error && btf)
		error = spec_add_btf(spec, btf, words);
	*text = error ? NULL : json_dumps(words, JSON_COMPACT);
	json_decref(words);
	return error ? error : *text ? 0 : -ENOMEM;
}

static int made_directory(struct mount_backend *mount)
{
	if (*mount->made)
		return 0;
	snprintf(mount->made, sizeof(mount->made), MADE_PREFIX "%d", (int)getpid());
	if (!mkdirat(mount->root, mount->made, 0700) || errno == EEXIST)
		return 0;
	*mount->made = '\0';
	return -errno;
}

static int map_create_at(struct backend *backend, const struct map_spec *spec, const char *btf,
			 const char *path)
{
	cleanup_free char *text = NULL;
	int error = spec_text(backend, spec, btf, &text);

	return error ? error
		     : file_write(mount_backend(backend)->root, path, O_CREAT | O_EXCL, text,
				  strlen(text));
}

int mount_map_create(struct backend *backend, const struct map_spec *spec, struct handle **map)
{
	struct mount_backend *mount = mount_backend(backend);
	bool typed = spec->btf_fd >= 0;
	char path[96], btf[PATH_MAX];
	int directory, error = made_directory(mount);

	if (error)
		return error;
	if (typed)
		error = btf_file_make(spec->btf_fd, btf);
	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/%u", mount->made, mount->count);
	error = map_create_at(backend, spec, typed ? btf : NULL, path);
	if (typed)
		unlink(btf);
	if (error)
		return error;
	mount->count++;
	directory = openat(mount->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory < 0 ? -errno : mount_handle_new(backend, OBJECT_MAP, directory, map);
}
