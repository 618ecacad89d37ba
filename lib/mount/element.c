// SPDX-License-Identifier: BSD-2-Clause
/* Elements of a mount's maps: entries.bin for many, raw/ and the key files for one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include "internal.h"

/* One write(2) of entries.bin is applied as a whole; FUSE cuts larger ones into pieces. */
#define WRITE_MAX (64u << 10)

struct sizes {
	size_t key, value;
};

static int sizes_of(struct handle *map, struct sizes *sizes, struct map_info *info)
{
	int error = mount_map_info(map, info);

	if (error)
		return error;
	sizes->key = info->key_size;
	sizes->value = map_value_bytes(info->type, info->value_size, map->backend->possible_cpus);
	return 0;
}

/* "DIRECTORYhex-0a0b": the name every key is found under. */
static char *key_path(const char *directory, const void *key, size_t size)
{
	struct buffer path = BUFFER_INIT;

	buffer_append_string(&path, directory);
	buffer_append_string(&path, "hex-");
	buffer_append_hex(&path, key, size);
	if (buffer_error(&path)) {
		buffer_free(&path);
		return NULL;
	}
	return path.data;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A value without BTF: decimal where its size is an integer's, else "hex-..". */
static int plain_parse(const char *text, void *value, size_t size)
{
	const char *hex = strstr(text, "hex-");
	unsigned long long number;
	char *end;

	if (!hex) {
		number = strtoull(text, &end, 10);
		if (end == text || size > sizeof(number))
			return -EIO;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		number <<= 8 * (sizeof(number) - size);
#endif
		memcpy(value, &number, size);
		return 0;
	}
	for (size_t i = 0; i < size; i++) {
		int high = digit_of(hex[4 + 2 * i]);
		int low = high < 0 ? -1 : digit_of(hex[5 + 2 * i]);

		if (low < 0)
			return -EIO;
		((unsigned char *)value)[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

/* Queues and stacks have no BTF. */
static int keyless_read(struct handle *map, const char *file, void *value)
{
	struct buffer text = BUFFER_INIT;
	struct sizes sizes;
	struct map_info info;
	int error = sizes_of(map, &sizes, &info);

	if (!error)
		error = file_read(mount_handle(map)->directory, file, &text);
	if (!error)
		error = plain_parse(text.data ? text.data : "", value, sizes.value);
	buffer_free(&text);
	return error;
}

static int keyless_push(struct handle *map, const void *value)
{
	struct buffer text = BUFFER_INIT;
	struct sizes sizes;
	struct map_info info;
	int error = sizes_of(map, &sizes, &info);

	buffer_append_string(&text, "\"hex-");
	buffer_append_hex(&text, value, error ? 0 : sizes.value);
	buffer_append_string(&text, "\"\n");
	if (!error)
		error = buffer_error(&text);
	if (!error)
		error = file_write(mount_handle(map)->directory, "push", 0, text.data, text.length);
	buffer_free(&text);
	return error;
}

int mount_map_lookup(struct handle *map, const void *key, void *value, uint64_t flags)
{
	struct buffer bytes = BUFFER_INIT;
	cleanup_free char *path = NULL;
	struct sizes sizes;
	struct map_info info;
	int error = sizes_of(map, &sizes, &info);

	if (error || !info.key_size)
		return error ? error : keyless_read(map, "peek", value);
	path = key_path(".map/raw/", key, sizes.key);
	error = path ? file_read(mount_handle(map)->directory, path, &bytes) : -ENOMEM;
	if (!error && bytes.length != sizes.value)
		error = -EIO; /* another number of possible CPUs than here */
	if (!error)
		memcpy(value, bytes.data, sizes.value);
	buffer_free(&bytes);
	return error;
}

/* --- references: what is a descriptor elsewhere is an id in the files' text --- */

static void reference_text(const struct map_info *info, const void *value, char text[80])
{
	uint32_t words[2] = {0, 0};

	memcpy(words, value, info->value_size < sizeof(words) ? info->value_size : sizeof(words));
	switch (map_type_get(info->type)->value) {
	case VALUE_DEVMAP:
		snprintf(text, 80, words[1] ? "{\"ifindex\":%u,\"prog_id\":%u}" : "%u", words[0],
			 words[1]);
		break;
	case VALUE_CPUMAP:
		snprintf(text, 80, words[1] ? "{\"qsize\":%u,\"prog_id\":%u}" : "%u", words[0],
			 words[1]);
		break;
	default:
		snprintf(text, 80, "%u", words[0]);
		break;
	}
}

static int creation_flags(uint64_t flags)
{
	return (flags & 3) == BPF_EXIST	    ? 0
	       : (flags & 3) == BPF_NOEXIST ? O_CREAT | O_EXCL
					    : O_CREAT;
}

int mount_map_update(struct handle *map, const void *key, const void *value, uint64_t flags)
{
	cleanup_free char *path = NULL;
	char text[80];
	struct sizes sizes;
	struct map_info info;
	enum map_value kind;
	int error = sizes_of(map, &sizes, &info);

	if (error || !info.key_size)
		return error ? error : keyless_push(map, value);
	kind = map_type_get(info.type)->value;
	if (kind == VALUE_PLAIN || kind == VALUE_FD) {
		path = key_path(".map/raw/", key, sizes.key);
		return path ? file_write(mount_handle(map)->directory, path, creation_flags(flags),
					 value, sizes.value)
			    : -ENOMEM;
	}
	path = key_path("", key, sizes.key);
	reference_text(&info, value, text);
	return path ? file_write(mount_handle(map)->directory, path, creation_flags(flags), text,
				 strlen(text))
		    : -ENOMEM;
}

int mount_map_delete(struct handle *map, const void *key)
{
	cleanup_free char *path = NULL;
	struct map_info info;
	int error = mount_map_info(map, &info);

	if (error)
		return error;
	path = key_path("", key, info.key_size);
	if (!path)
		return -ENOMEM;
	return unlinkat(mount_handle(map)->directory, path, 0) ? -errno : 0;
}

int mount_map_lookup_and_delete(struct handle *map, const void *key, void *value, uint64_t flags)
{
	struct map_info info;
	int error = mount_map_info(map, &info);

	if (error)
		return error;
	/* two files cannot be one step; a queue's pop is */
	return info.key_size ? -ENOTSUPP : keyless_read(map, "pop", value);
}

/*
 * One read(2) right into the caller's memory: it is what takes the element out. Past the page cache
 * FUSE puts the answer there even if the reader is being killed, once the request is on its way
 * (fs/fuse/dev.c, request_wait_answer()).
 */
int mount_map_pop_text(struct handle *map, char *text, size_t room)
{
	cleanup_close int fd =
		openat(mount_handle(map)->directory, "pop", O_RDONLY | O_DIRECT | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, room);

	if (got < 0)
		return -errno;
	if ((size_t)got < room)
		text[got] = '\0';
	return got ? 0 : -ENOENT;
}

int mount_map_popped_value(struct handle *map, const char *text, void *value)
{
	struct sizes sizes;
	struct map_info info;
	int error = sizes_of(map, &sizes, &info);

	return error ? error : plain_parse(text, value, sizes.value);
}

/* --- many --- */

static int entries_start(struct mount_handle *handle)
{
	int fd;

	if (handle->entries)
		fclose(handle->entries);
	fd = openat(handle->directory, ".map/entries.bin", O_RDONLY | O_CLOEXEC);
	handle->entries = fd < 0 ? NULL : fdopen(fd, "r");
	if (!handle->entries) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	setvbuf(handle->entries, NULL, _IOFBF, 1 << 18);
	return 0;
}

/* 1: an element; 0: the end. */
static int entries_one(struct mount_handle *handle, const struct sizes *sizes, void *key,
		       void *value)
{
	size_t got = fread(key, 1, sizes->key, handle->entries);

	if (!got && !ferror(handle->entries))
		return 0;
	if (got != sizes->key || fread(value, 1, sizes->value, handle->entries) != sizes->value)
		return -EIO;
	return 1;
}

/* The token says nothing: the open file of the handle knows where it is. */
int mount_map_lookup_batch(struct handle *map, const void *in, void *out, void *keys, void *values,
			   uint32_t *count, uint64_t elem_flags)
{
	struct mount_handle *handle = mount_handle(map);
	uint32_t room = *count, done = 0;
	struct sizes sizes;
	struct map_info info;
	int error = sizes_of(map, &sizes, &info), more = 1;

	*count = 0;
	if (!error && (!in || !handle->entries))
		error = entries_start(handle);
	memset(out, 0, sizeof(uint32_t));
	while (!error && done < room &&
	       (more = entries_one(handle, &sizes, (char *)keys + done * sizes.key,
				   (char *)values + done * sizes.value)) > 0)
		done++;
	*count = done;
	if (error || more < 0)
		return error ? error : more;
	return more ? 0 : -ENOENT;
}

/* In the order of entries.bin; a key that is not the last one given starts anew behind it. */
int mount_map_next_key(struct handle *map, const void *key, void *next)
{
	struct mount_handle *handle = mount_handle(map);
	cleanup_free unsigned char *found = NULL, *value = NULL;
	struct sizes sizes;
	struct map_info info;
	int error = sizes_of(map, &sizes, &info), more = 1;

	if (error)
		return error;
	if (!info.key_size)
		return -EINVAL;
	found = malloc(sizes.key);
	value = malloc(sizes.value + 1);
	if (!found || !value)
		return -ENOMEM;
	error = entries_start(handle);
	while (!error && key && (more = entries_one(handle, &sizes, found, value)) > 0)
		if (!memcmp(found, key, sizes.key))
			break;
	if (!error && key && !more) /* gone: the kernel starts over */
		error = entries_start(handle);
	if (!error && more >= 0)
		more = entries_one(handle, &sizes, next, value);
	if (error || more < 0)
		return error ? error : more;
	return more ? 0 : -ENOENT;
}

static int chunk_write(struct handle *map, const struct sizes *sizes, const char *keys,
		       const char *values, uint32_t count)
{
	struct buffer bytes = BUFFER_INIT;
	int error;

	for (uint32_t i = 0; i < count; i++) {
		buffer_append(&bytes, keys + i * sizes->key, sizes->key);
		buffer_append(&bytes, values + i * sizes->value, sizes->value);
	}
	error = buffer_error(&bytes);
	if (!error)
		error = file_write(mount_handle(map)->directory, ".map/entries.bin", 0, bytes.data,
				   bytes.length);
	buffer_free(&bytes);
	return error;
}

int mount_map_update_batch(struct handle *map, const void *keys, const void *values,
			   uint32_t *count, uint64_t elem_flags)
{
	uint32_t wanted = *count, step;
	struct sizes sizes;
	struct map_info info;
	int error = sizes_of(map, &sizes, &info);

	*count = 0;
	if (error)
		return error;
	if (map_type_get(info.type)->value != VALUE_PLAIN)
		return -ENOTSUPP; /* one by one, as text */
	step = (uint32_t)(WRITE_MAX / (sizes.key + sizes.value + 1)) + 1;
	for (uint32_t at = 0; !error && at < wanted; at += step) {
		step = step < wanted - at ? step : wanted - at;
		error = chunk_write(map, &sizes, (const char *)keys + at * sizes.key,
				    (const char *)values + at * sizes.value, step);
		*count += error ? 0 : step;
	}
	return error;
}
