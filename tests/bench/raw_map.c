// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench-map: makes the maps of the benchmark, and is its rival that talks to bpf(2) directly.
 *
 *   create PIN COUNT MAX     a BTF hash u32 -> u64 with COUNT elements and room for MAX
 *   fill PIN FIRST COUNT     adds elements
 *   clear PIN                deletes all
 *   lookup-batch PIN         reads all; prints the time
 *   update-batch PIN COUNT   writes COUNT elements; prints the time
 *   print FORMAT COUNT       the elements as .map/entries (text), entries.json (json),
 *                            entries.bin (bin) or bpftool's batch file (bpftool PIN)
 *   pins DIRECTORY COUNT     COUNT small maps, pinned
 *
 * Times are printed as one JSON object a line.
 */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include "workload.h"

#define BATCH 4096

static int load_btf(uint32_t *key_type, uint32_t *value_type)
{
	struct btf *btf = btf__new_empty();
	int fd;

	if (!btf)
		die("btf", errno);
	*key_type = btf__add_int(btf, "u32", 4, 0);
	*value_type = btf__add_int(btf, "u64", 8, 0);
	if (btf__load_into_kernel(btf))
		die("BPF_BTF_LOAD", errno);
	fd = dup(btf__fd(btf));
	btf__free(btf);
	return fd;
}

static int create_map(uint32_t max_entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int fd;

	options.btf_fd = load_btf(&options.btf_key_type_id, &options.btf_value_type_id);
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "bench", 4, 8, max_entries, &options);
	if (fd < 0)
		die("BPF_MAP_CREATE", errno);
	close(options.btf_fd);
	return fd;
}

static void pin_map(int fd, const char *path)
{
	if (bpf_obj_pin(fd, path))
		die(path, errno);
}

static int open_pin(const char *path)
{
	int fd = bpf_obj_get(path);

	if (fd < 0)
		die(path, errno);
	return fd;
}

/* The elements in update order: what the rivals' writers get as a file. */
static void fill_arrays(uint32_t first, uint32_t count, uint32_t *keys, uint64_t *values)
{
	for (uint32_t i = 0; i < count; i++) {
		keys[i] = key_at(first + i);
		values[i] = first + i;
	}
}

static void update_batches(int fd, const uint32_t *keys, const uint64_t *values, uint32_t count)
{
	for (uint32_t done = 0, n; done < count; done += n) {
		n = count - done < BATCH ? count - done : BATCH;
		if (bpf_map_update_batch(fd, keys + done, values + done, &n, NULL))
			die("BPF_MAP_UPDATE_BATCH", errno);
	}
}

static double timed_fill(int fd, uint32_t first, uint32_t count)
{
	uint32_t *keys = must_allocate(count * sizeof(*keys));
	uint64_t *values = must_allocate(count * sizeof(*values));
	double start;

	fill_arrays(first, count, keys, values);
	start = seconds_now();
	update_batches(fd, keys, values, count);
	start = seconds_now() - start;
	free(keys);
	free(values);
	return start;
}

/* Visits all elements in batches; with `drain` takes them out. Returns how many there were. */
static uint64_t read_batches(int fd, int drain)
{
	static uint32_t keys[BATCH];
	static uint64_t values[BATCH];
	uint32_t position = 0, count;
	void *in = NULL;
	uint64_t total = 0;
	int error;

	do {
		count = BATCH;
		error = (drain ? bpf_map_lookup_and_delete_batch : bpf_map_lookup_batch)(
			fd, in, &position, keys, values, &count, NULL);
		if (error && errno != ENOENT)
			die("BPF_MAP_LOOKUP_BATCH", errno);
		total += count;
		in = &position;
	} while (!error);
	return total;
}

static void print_time(double seconds, uint64_t elements)
{
	printf("{\"seconds\": %.9f, \"elements\": %llu}\n", seconds, (unsigned long long)elements);
}

static int run_create(char **arguments)
{
	int fd = create_map(number_argument(arguments[2]), 0);

	timed_fill(fd, 0, number_argument(arguments[1]));
	pin_map(fd, arguments[0]);
	return 0;
}

static int run_fill(char **arguments)
{
	timed_fill(open_pin(arguments[0]), number_argument(arguments[1]),
		   number_argument(arguments[2]));
	return 0;
}

static int run_clear(char **arguments)
{
	read_batches(open_pin(arguments[0]), 1);
	return 0;
}

static int run_lookup_batch(char **arguments)
{
	int fd = open_pin(arguments[0]);
	double start = seconds_now();
	uint64_t total = read_batches(fd, 0);

	print_time(seconds_now() - start, total);
	return 0;
}

static int run_update_batch(char **arguments)
{
	int fd = open_pin(arguments[0]);
	uint32_t count = number_argument(arguments[1]);

	print_time(timed_fill(fd, 0, count), count);
	return 0;
}

static void print_bpftool_line(const char *pin, uint32_t key, uint64_t value)
{
	const unsigned char *bytes = (const unsigned char *)&key;

	printf("map update pinned %s key", pin);
	for (unsigned i = 0; i < sizeof(key); i++)
		printf(" %u", bytes[i]);
	bytes = (const unsigned char *)&value;
	fputs(" value", stdout);
	for (unsigned i = 0; i < sizeof(value); i++)
		printf(" %u", bytes[i]);
	putchar('\n');
}

static int run_print(char **arguments)
{
	uint32_t count = number_argument(arguments[1]);
	const char *format = arguments[0];

	if (!strcmp(format, "json"))
		putchar('[');
	for (uint32_t i = 0; i < count; i++) {
		uint32_t key = key_at(i);
		uint64_t value = i;

		if (!strcmp(format, "text")) {
			printf("%u\t%llu\n", key, (unsigned long long)value);
		} else if (!strcmp(format, "json")) {
			printf("%s{\"key\":%u,\"value\":%llu}", i ? ",\n" : "", key,
			       (unsigned long long)value);
		} else if (!strcmp(format, "bin")) {
			fwrite(&key, sizeof(key), 1, stdout);
			fwrite(&value, sizeof(value), 1, stdout);
		} else {
			print_bpftool_line(format, key, value);
		}
	}
	if (!strcmp(format, "json"))
		puts("]");
	return 0;
}

static int run_pins(char **arguments)
{
	uint32_t count = number_argument(arguments[1]);
	char path[4096];
	int fd;

	for (uint32_t i = 0; i < count; i++) {
		fd = create_map(1, BPF_F_NO_PREALLOC);
		snprintf(path, sizeof(path), "%s/pin%u", arguments[0], i);
		pin_map(fd, path);
		close(fd);
	}
	return 0;
}

static const struct command {
	const char *name;
	int arguments;
	int (*run)(char **arguments);
} commands[] = {
	{"create", 3, run_create},
	{"fill", 3, run_fill},
	{"clear", 1, run_clear},
	{"lookup-batch", 1, run_lookup_batch},
	{"update-batch", 2, run_update_batch},
	{"print", 2, run_print},
	{"pins", 2, run_pins},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (argc == commands[i].arguments + 2 && !strcmp(argv[1], commands[i].name))
			return commands[i].run(argv + 2);
	}
	fputs("usage: bench-map create|fill|clear|lookup-batch|update-batch|print|pins ...\n",
	      stderr);
	return 2;
}
