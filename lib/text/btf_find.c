// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <bpfuse/cleanup.h>
#include "text/btf_find.h"
#include "text/btf_read.h"

enum { BTF_FILE_MAX = 256 << 20 }; /* bytes; a kernel's vmlinux with debug information is larger */

/* A FIFO or a device would keep us waiting, a relative path means something else to everybody. */
static int check_file(const char *path, struct fault *fault)
{
	cleanup_close int fd = -1;
	struct stat st;

	if (path[0] != '/')
		return fault_set(fault, EINVAL, "btf=%s: expected an absolute path", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st))
		return fault_set(fault, errno, "btf=%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(fault, EINVAL, "btf=%s: not a regular file", path);
	if (st.st_size > BTF_FILE_MAX)
		return fault_set(fault, EFBIG, "btf=%s: more than %d MiB", path,
				 BTF_FILE_MAX >> 20);
	return 0;
}

int btf_read_file(const char *path, struct btf **btf, struct fault *fault)
{
	int error = check_file(path, fault);

	if (error)
		return error;
	btf_be_quiet();
	*btf = btf__parse(path, NULL);
	if (*btf)
		return 0;
	return fault_set(fault, EINVAL, "btf=%s: neither raw BTF nor an ELF object with .BTF",
			 path);
}

/* __uint(name, N) is a pointer to an array of N. */
static uint32_t defined_number(const struct btf *btf, uint32_t id)
{
	const struct btf_type *pointer = btf__type_by_id(btf, btf_strip(btf, id));
	const struct btf_type *array;

	if (!pointer || !btf_is_ptr(pointer))
		return 0;
	array = btf__type_by_id(btf, btf_strip(btf, pointer->type));
	return array && btf_is_array(array) ? btf_array(array)->nelems : 0;
}

/* __type(name, T) is a pointer to T. */
static uint32_t defined_type(const struct btf *btf, uint32_t id)
{
	const struct btf_type *pointer = btf__type_by_id(btf, btf_strip(btf, id));

	return pointer && btf_is_ptr(pointer) ? pointer->type : 0;
}

static void read_definition(const struct btf *btf, const struct btf_type *definition,
			    struct map_definition *made)
{
	const struct {
		const char *name;
		uint32_t *number;
	} numbers[] = {
		{"type", &made->type},
		{"key_size", &made->key_size},
		{"value_size", &made->value_size},
		{"max_entries", &made->max_entries},
		{"map_flags", &made->map_flags},
	};

	*made = (struct map_definition){0};
	for (uint32_t i = 0; i < btf_vlen(definition); i++) {
		const struct btf_member *member = btf_members(definition) + i;
		const char *name = btf_name(btf, member->name_off);

		for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++)
			if (strcmp(name, numbers[j].name) == 0)
				*numbers[j].number = defined_number(btf, member->type);
		if (strcmp(name, "key") == 0)
			made->key_id = defined_type(btf, member->type);
		if (strcmp(name, "value") == 0)
			made->value_id = defined_type(btf, member->type);
	}
}

bool btf_find_map(const struct btf *btf, const char *name, struct map_definition *definition)
{
	int section = btf__find_by_name_kind(btf, ".maps", BTF_KIND_DATASEC);
	const struct btf_type *maps = section > 0 ? btf__type_by_id(btf, (uint32_t)section) : NULL;

	for (uint32_t i = 0; maps && i < btf_vlen(maps); i++) {
		const struct btf_type *variable =
			btf__type_by_id(btf, btf_var_secinfos(maps)[i].type);
		const struct btf_type *type;

		if (!variable || !btf_is_var(variable) ||
		    strcmp(btf_name(btf, variable->name_off), name) != 0)
			continue;
		type = btf__type_by_id(btf, btf_strip(btf, variable->type));
		if (!type || !btf_is_struct(type))
			return false;
		read_definition(btf, type, definition);
		return true;
	}
	return false;
}

uint32_t btf_find_type(const struct btf *btf, const char *name)
{
	static const struct {
		const char *tag;
		uint32_t kind;
	} kinds[] = {
		{"struct ", BTF_KIND_STRUCT}, {"union ", BTF_KIND_UNION}, {"enum ", BTF_KIND_ENUM},
		{"enum ", BTF_KIND_ENUM64},   {"", BTF_KIND_TYPEDEF},	  {"", BTF_KIND_INT},
		{"", BTF_KIND_FLOAT},	      {"", BTF_KIND_DATASEC},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t tag = strlen(kinds[i].tag);
		bool tagged = tag && strncmp(name, kinds[i].tag, tag) == 0;
		int id = btf__find_by_name_kind(btf, tagged ? name + tag : name, kinds[i].kind);

		if (id > 0)
			return (uint32_t)id;
	}
	return 0;
}

uint32_t btf_find_integer(const struct btf *btf, uint32_t size, bool is_signed)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (type && btf_is_int(type) && type->size == size &&
		    btf_int_bits(type) == size * 8 &&
		    !(btf_int_encoding(type) & (BTF_INT_BOOL | BTF_INT_CHAR)) &&
		    !!(btf_int_encoding(type) & BTF_INT_SIGNED) == is_signed)
			return id;
	}
	return 0;
}
