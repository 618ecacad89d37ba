// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <bpf/libbpf.h>
#include <bpfuse/cleanup.h>
#include "text/btf_read.h"

static pthread_once_t quiet_once = PTHREAD_ONCE_INIT;

/* What is wrong with somebody's BTF is told by our own sentences. */
static void make_quiet(void)
{
	libbpf_set_print(NULL);
}

void btf_be_quiet(void)
{
	pthread_once(&quiet_once, make_quiet);
}

int btf_parse(const void *bytes, size_t length, struct btf **btf)
{
	btf_be_quiet();
	if (length > UINT32_MAX)
		return -EINVAL;
	*btf = btf__new(bytes, (uint32_t)length);
	return *btf ? 0 : -EINVAL;
}

/* libbpf before 1.3 does not export btf__new_split(), so a module's BTF goes through a file. */
static int parse_split(const void *bytes, size_t length, struct btf *base, struct btf **btf)
{
	cleanup_close int fd = memfd_create("btf", MFD_CLOEXEC);
	ssize_t written = fd < 0 ? -1 : write(fd, bytes, length);
	char path[32];

	if (written < 0)
		return -errno;
	if ((size_t)written != length)
		return -ENOMEM; /* what a memfd is made of */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*btf = btf__parse_raw_split(path, base);
	return *btf ? 0 : -EINVAL;
}

static int object_bytes(struct backend *backend, uint32_t id, void **bytes, size_t *length)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	int error = object_open(backend, OBJECT_BTF, id, 0, &handle);

	return error ? error : btf_bytes(handle, bytes, length);
}

int btf_parse_object(struct backend *backend, uint32_t id, struct btf **btf, struct btf **base)
{
	cleanup_free void *bytes = NULL, *base_bytes = NULL;
	size_t length, base_length;
	uint32_t base_id;
	int error;

	*base = NULL;
	error = object_bytes(backend, id, &bytes, &length);
	if (error)
		return error;
	if (btf_parse(bytes, length, btf) == 0)
		return 0;
	/* The kernel's own is loaded before all others. */
	error = object_next(backend, OBJECT_BTF, 0, &base_id);
	if (!error)
		error = object_bytes(backend, base_id, &base_bytes, &base_length);
	if (!error)
		error = btf_parse(base_bytes, base_length, base);
	return error ? error : parse_split(bytes, length, *base, btf);
}

void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

const char *btf_name(const struct btf *btf, uint32_t offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
}

static bool is_modifier(const struct btf_type *type)
{
	return btf_is_mod(type) || btf_is_typedef(type);
}

uint32_t btf_strip(const struct btf *btf, uint32_t id)
{
	for (unsigned depth = 0; depth < BTF_DEPTH_MAX; depth++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type || !is_modifier(type))
			return id;
		id = type->type;
	}
	return 0;
}

bool btf_type_has_lock(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, btf_strip(btf, id));

	if (!type || (!btf_is_composite(type) && !btf_is_datasec(type)))
		return false;
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		uint32_t inner = btf_is_datasec(type) ? btf_var_secinfos(type)[i].type
						      : btf_members(type)[i].type;
		const struct btf_type *member = btf__type_by_id(btf, btf_strip(btf, inner));

		if (member && btf_is_var(member))
			member = btf__type_by_id(btf, btf_strip(btf, member->type));
		if (member && btf_is_struct(member) &&
		    strcmp(btf_name(btf, member->name_off), "bpf_spin_lock") == 0)
			return true;
	}
	return false;
}

const char *btf_type_words(struct arena *arena, const struct btf *btf, uint32_t id)
{
	struct buffer words = BUFFER_INIT, counts = BUFFER_INIT;
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *made = NULL;

	for (unsigned depth = 0; type && depth < BTF_DEPTH_MAX; depth++) {
		if (btf_is_array(type))
			buffer_append_format(&counts, "[%u]", btf_array(type)->nelems);
		else if (!btf_is_mod(type))
			break;
		type = btf__type_by_id(btf,
				       btf_is_array(type) ? btf_array(type)->type : type->type);
	}
	if (type && btf_is_composite(type))
		buffer_append_string(&words, btf_is_union(type) ? "union " : "struct ");
	else if (type && btf_is_any_enum(type))
		buffer_append_string(&words, "enum ");
	if (type && btf_is_ptr(type))
		buffer_append_string(&words, "pointer");
	else
		buffer_append_string(&words, type ? btf_name(btf, type->name_off) : "");
	if (counts.length)
		buffer_append(&words, counts.data, counts.length);
	buffer_append(&words, "", 0);
	if (!buffer_error(&words) && !buffer_error(&counts))
		made = arena_copy(arena, words.data, words.length);
	buffer_free(&words);
	buffer_free(&counts);
	return made;
}
