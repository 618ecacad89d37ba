// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <bpfuse/map_type.h>
#include "creation.h"

static const char *const creation_names[] = {
	"",	     "plain_Name09", "with.dot", "exactly15chars_", "sixteencharacter",
	"with-dash", "with space",   "\xc3\xa4",
};

/* Sizes stay small enough that no kernel really allocates much. */
static const uint64_t key_sizes[] = {0,	 1,  2,	 3,   4,   5,	8,   9,
				     16, 17, 32, 260, 261, 512, 513, 1ull << 22};
static const uint64_t value_sizes[] = {0,  1,	 2,    3,     4,     5,		 8,	    12,
				       16, 1016, 1024, 32768, 32769, 1ull << 22, 1ull << 31};
static const uint64_t max_entries[] = {0, 1, 2, 3, 5, 64, 4096, 8192, 12288, 65536 + 4096};
static const uint64_t flags[] = {
	1 << 0,	 1 << 1,  1 << 2,	   1 << 3,  1 << 4,  1 << 3 | 1 << 4, 1 << 5,  1 << 6,
	1 << 7,	 1 << 8,  1 << 7 | 1 << 8, 1 << 9,  1 << 10, 1 << 11,	      1 << 12, 1 << 13,
	1 << 14, 1 << 15, 1 << 16,	   1 << 17, 1 << 18, 1 << 19,	      1 << 20, 1ull << 31};
static const uint64_t only_flags[] = {0};
static const uint64_t extras[] = {1, 15, 16, 4096, 1ull << 32, 1ull << 63};
static const uint64_t nodes[] = {0, 1023, 5000, UINT32_MAX};
static const uint64_t names[] = {0, 1, 2, 3, 4, 5, 6, 7};
static const uint64_t ifindexes[] = {1, 99999};
static const uint64_t inners[] = {THING_CLOSED, THING_STDIN, THING_XDP, THING_MAP_HASH,
				  THING_MAP_ARRAY};
static const uint64_t btfs[] = {BTF_CLOSED_FD, BTF_KEY_ONLY, BTF_VALUE_ONLY, BTF_WRONG_SIZES};

#define LIST(array)                                                                                \
	{                                                                                          \
		array, sizeof(array) / sizeof((array)[0])                                          \
	}

static const struct {
	const char *name;
	struct {
		const uint64_t *numbers;
		size_t count;
	} list;
} attributes[] = {
	[KEY_SIZE] = {"key_size", LIST(key_sizes)},
	[VALUE_SIZE] = {"value_size", LIST(value_sizes)},
	[MAX_ENTRIES] = {"max_entries", LIST(max_entries)},
	[FLAGS] = {"flags +", LIST(flags)},
	[ONLY_FLAGS] = {"flags", LIST(only_flags)},
	[MAP_EXTRA] = {"map_extra", LIST(extras)},
	[NUMA_NODE] = {"numa_node", LIST(nodes)},
	[NAME] = {"name", LIST(names)},
	[IFINDEX] = {"ifindex", LIST(ifindexes)},
	[INNER] = {"inner", LIST(inners)},
	[BTF] = {"btf", LIST(btfs)},
};

bool creation_number(enum attribute attribute, size_t i, uint64_t *number)
{
	if (i >= attributes[attribute].list.count)
		return false;
	*number = attributes[attribute].list.numbers[i];
	return true;
}

void creation_describe(const struct creation *creation, char text[96])
{
	static const char *const btf[] = {"a closed descriptor", "a key type alone",
					  "a value type alone", "types of another size"};
	const char *name = attributes[creation->attribute].name;

	if (creation->attribute == INNER)
		snprintf(text, 96, "inner=%s", thing_name((enum thing)creation->number));
	else if (creation->attribute == BTF)
		snprintf(text, 96, "btf=%s", btf[creation->number]);
	else if (creation->attribute == NAME)
		snprintf(text, 96, "name='%s'", creation_names[creation->number]);
	else if (creation->attribute == FLAGS || creation->attribute == MAP_EXTRA)
		snprintf(text, 96, "%s=%#llx", name, (unsigned long long)creation->number);
	else
		snprintf(text, 96, "%s=%llu", name, (unsigned long long)creation->number);
}

/* --- trying --- */

/* BTF of a 2-byte integer: no usual map has such keys or values. */
static int short_btf(struct world *world, struct handle **handle)
{
	struct btf *btf = btf__new_empty();
	const void *bytes;
	__u32 size;
	int error;

	btf__add_int(btf, "short", 2, BTF_INT_SIGNED);
	bytes = btf__raw_data(btf, &size);
	error = btf_load(world->backend, bytes, size, handle);
	btf__free(btf);
	return error;
}

static int btf_set(struct map_spec *spec, struct world *world, enum btf_choice choice,
		   struct handle **handle)
{
	int error = 0;

	spec->btf_key_type_id = choice != BTF_VALUE_ONLY;
	spec->btf_value_type_id = choice != BTF_KEY_ONLY;
	if (choice == BTF_CLOSED_FD)
		return world->make(world, THING_CLOSED, &spec->btf_fd);
	error = short_btf(world, handle);
	if (!error)
		spec->btf_fd = handle_fd(*handle);
	return error;
}

static int attribute_set(struct map_spec *spec, const struct creation *creation,
			 struct world *world, struct handle **btf)
{
	uint32_t number = (uint32_t)creation->number;

	switch (creation->attribute) {
	case KEY_SIZE:
		spec->key_size = number;
		return 0;
	case VALUE_SIZE:
		spec->value_size = number;
		return 0;
	case MAX_ENTRIES:
		spec->max_entries = number;
		return 0;
	case FLAGS:
		spec->map_flags |= number;
		return 0;
	case ONLY_FLAGS:
		spec->map_flags = number;
		return 0;
	case MAP_EXTRA:
		spec->map_extra = creation->number;
		return 0;
	case NUMA_NODE:
		spec->map_flags |= BPF_F_NUMA_NODE;
		spec->numa_node = number;
		return 0;
	case NAME:
		memset(spec->name, 0, sizeof(spec->name));
		memcpy(spec->name, creation_names[number], strlen(creation_names[number]));
		return 0;
	case IFINDEX:
		spec->ifindex = number;
		return 0;
	case INNER:
		return world->make(world, (enum thing)number, &spec->inner_map_fd);
	case BTF:
		return btf_set(spec, world, (enum btf_choice)number, btf);
	default:
		return -EINVAL;
	}
}

int creation_try(const struct creation *creation, struct world *world)
{
	struct handle *map = NULL, *btf = NULL;
	struct map_spec spec;
	int error = subject_spec(creation->subject, world, &spec);

	if (!error)
		error = attribute_set(&spec, creation, world, &btf);
	if (error)
		return -ENODATA;
	error = map_create(world->backend, &spec, &map);
	handle_close(map);
	handle_close(btf);
	world->tidy(world);
	return error;
}
