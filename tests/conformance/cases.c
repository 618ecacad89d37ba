// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <linux/bpf.h>
#include "cases.h"

void expect_equal(struct check *check, const char *file, int line, const char *what, long long is,
		  long long expected)
{
	const char *name = strrchr(file, '/');

	if (is == expected)
		return;
	check->wrong++;
	printf("# %s:%d (%s): %s is %lld, expected %lld\n", name ? name + 1 : file, line,
	       check->world->name, what, is, expected);
}

struct handle *make_map(struct check *check, uint32_t type, uint32_t key_size, uint32_t value_size,
			uint32_t max_entries, uint32_t flags)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *map = NULL;

	spec.type = type;
	spec.key_size = key_size;
	spec.value_size = value_size;
	spec.max_entries = max_entries;
	spec.map_flags = flags;
	EXPECT(map_create(check->world->backend, &spec, &map), 0);
	if (!map)
		longjmp(check->give_up, 1);
	return map;
}

int make_thing(struct check *check, enum thing kind)
{
	int number = -1, error = check->world->make(check->world, kind, &number);

	if (error == -EOPNOTSUPP)
		check->missing = true;
	else
		EXPECT(error, 0);
	return number;
}

void drop_thing(struct check *check, int number)
{
	check->world->drop(check->world, number);
}

int put(struct handle *map, uint32_t key, uint32_t value, uint64_t flags)
{
	unsigned char bytes[BYTES_MAX] = {0};

	memcpy(bytes, &value, sizeof(value));
	return map_update(map, &key, bytes, flags);
}

long long get(struct handle *map, uint32_t key)
{
	unsigned char bytes[BYTES_MAX];
	uint32_t value;
	int error = map_lookup(map, &key, bytes, 0);

	memcpy(&value, bytes, sizeof(value));
	return error ? error : (long long)value;
}

int drop(struct handle *map, uint32_t key)
{
	return map_delete(map, &key);
}

long long next_key(struct handle *map, uint32_t key)
{
	uint32_t next = 0;
	int error = map_next_key(map, &key, &next);

	return error ? error : (long long)next;
}

long long first_key(struct handle *map)
{
	uint32_t next = 0;
	int error = map_next_key(map, NULL, &next);

	return error ? error : (long long)next;
}

unsigned count_keys(struct handle *map)
{
	unsigned count = 0;

	for (long long key = first_key(map); key >= 0 && count < 1000; count++)
		key = next_key(map, (uint32_t)key);
	return count;
}
