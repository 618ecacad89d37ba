// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench-backends TYPE COUNT: the emulated backend through the library beside bpf(2) on the
 * kernel's map, key 4 value 8, the same order of keys.
 *
 * Prints one JSON object: for each contestant (emu, bpf) nanoseconds an element of insert, lookup,
 * update, iterate and delete, the throughput of four threads over that of one ("scaling_lookup",
 * "scaling_update"), and the bytes of memory a full map takes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpfuse/backend.h>
#include "workload.h"

#define BATCH 4096
#define THREADS 4
#define SCALING_NS 2e8
#define SCALING_TURNS 5 /* at most so often what one thread does otherwise */

/* Both contestants as the same few calls; the map behind them is one or the other. */
struct contestant {
	const char *name;
	int (*create)(struct contestant *contestant, uint32_t type, uint32_t max_entries);
	void (*destroy)(struct contestant *contestant);
	int (*lookup)(struct contestant *contestant, const uint32_t *key, uint64_t *value);
	int (*update)(struct contestant *contestant, const uint32_t *key, const uint64_t *value);
	int (*remove)(struct contestant *contestant, const uint32_t *key);
	int (*lookup_batch)(struct contestant *contestant, void *in, void *out, uint32_t *keys,
			    uint64_t *values, uint32_t *count);
	uint64_t (*memory)(struct contestant *contestant);
	int fd;
	struct backend *backend;
	struct handle *map;
	uint64_t memory_before;
};

/* --- bpf(2) --- */

static int bpf_create(struct contestant *contestant, uint32_t type, uint32_t max_entries)
{
	contestant->fd = bpf_map_create(type, "bench", 4, 8, max_entries, NULL);
	return contestant->fd < 0 ? -errno : 0;
}

static void bpf_destroy(struct contestant *contestant)
{
	close(contestant->fd);
}

static int bpf_lookup(struct contestant *contestant, const uint32_t *key, uint64_t *value)
{
	return bpf_map_lookup_elem(contestant->fd, key, value);
}

static int bpf_update(struct contestant *contestant, const uint32_t *key, const uint64_t *value)
{
	return bpf_map_update_elem(contestant->fd, key, value, BPF_ANY);
}

static int bpf_remove(struct contestant *contestant, const uint32_t *key)
{
	return bpf_map_delete_elem(contestant->fd, key);
}

static int bpf_batch(struct contestant *contestant, void *in, void *out, uint32_t *keys,
		     uint64_t *values, uint32_t *count)
{
	return bpf_map_lookup_batch(contestant->fd, in, out, keys, values, count, NULL);
}

/* A number that a file of /proc/self tells in a line of its own. */
static uint64_t proc_number(const char *path, const char *label)
{
	char line[256];
	uint64_t number = 0;
	FILE *file = fopen(path, "r");

	if (!file)
		die(path, errno);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, label, strlen(label)))
			number = strtoull(line + strlen(label), NULL, 10);
	}
	fclose(file);
	return number;
}

static uint64_t bpf_memory(struct contestant *contestant)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", contestant->fd);
	return proc_number(path, "memlock:");
}

/* --- the emulation --- */

static uint64_t resident_bytes(void)
{
	return proc_number("/proc/self/status", "VmRSS:") * 1024;
}

static int emu_create(struct contestant *contestant, uint32_t type, uint32_t max_entries)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct fault fault = FAULT_INIT;
	int error = backend_open("emu", &(struct backend_options){0}, &contestant->backend, &fault);

	if (error) {
		fprintf(stderr, "emu: %s\n", fault.text);
		return error;
	}
	spec.type = type;
	spec.key_size = 4;
	spec.value_size = 8;
	spec.max_entries = max_entries;
	contestant->memory_before = resident_bytes();
	return map_create(contestant->backend, &spec, &contestant->map);
}

static void emu_destroy(struct contestant *contestant)
{
	handle_close(contestant->map);
	backend_close(contestant->backend);
}

static int emu_lookup(struct contestant *contestant, const uint32_t *key, uint64_t *value)
{
	return map_lookup(contestant->map, key, value, 0);
}

static int emu_update(struct contestant *contestant, const uint32_t *key, const uint64_t *value)
{
	return map_update(contestant->map, key, value, BPF_ANY);
}

static int emu_remove(struct contestant *contestant, const uint32_t *key)
{
	return map_delete(contestant->map, key);
}

static int emu_batch(struct contestant *contestant, void *in, void *out, uint32_t *keys,
		     uint64_t *values, uint32_t *count)
{
	return map_lookup_batch(contestant->map, in, out, keys, values, count, 0);
}

static uint64_t emu_memory(struct contestant *contestant)
{
	return resident_bytes() - contestant->memory_before;
}

static const struct contestant contestants[] = {
	{"emu", emu_create, emu_destroy, emu_lookup, emu_update, emu_remove, emu_batch, emu_memory},
	{"bpf", bpf_create, bpf_destroy, bpf_lookup, bpf_update, bpf_remove, bpf_batch, bpf_memory},
};

/* --- what is measured --- */

struct run {
	struct contestant *contestant;
	bool is_array;
	uint32_t count, first, operations;
	pthread_t thread;
};

static uint32_t run_key(const struct run *run, uint32_t i)
{
	return run->is_array ? i % run->count : key_at(i % run->count);
}

static void expect(int error, const char *what)
{
	if (error)
		die(what, error == -1 ? errno : error);
}

static void insert_all(struct run *run)
{
	for (uint32_t i = 0; i < run->operations; i++) {
		uint32_t key = run_key(run, i);
		uint64_t value = i;

		expect(run->contestant->update(run->contestant, &key, &value), "insert");
	}
}

static void lookup_random(struct run *run)
{
	uint32_t random = 2463534242u + run->first;

	for (uint32_t i = 0; i < run->operations; i++) {
		uint32_t key = run_key(run, random_next(&random));
		uint64_t value;

		expect(run->contestant->lookup(run->contestant, &key, &value), "lookup");
	}
}

static void update_random(struct run *run)
{
	uint32_t random = 88675123u + run->first;

	for (uint32_t i = 0; i < run->operations; i++) {
		uint32_t key = run_key(run, random_next(&random));
		uint64_t value = i;

		expect(run->contestant->update(run->contestant, &key, &value), "update");
	}
}

static void remove_all(struct run *run)
{
	for (uint32_t i = 0; i < run->operations; i++) {
		uint32_t key = run_key(run, i);

		expect(run->contestant->remove(run->contestant, &key), "delete");
	}
}

static void iterate_all(struct run *run)
{
	static uint32_t keys[BATCH];
	static uint64_t values[BATCH];
	unsigned char position[2][8];
	void *in = NULL;
	uint32_t total = 0, count;
	int error;

	for (unsigned turn = 0;; turn ^= 1) {
		count = BATCH;
		error = run->contestant->lookup_batch(run->contestant, in, position[turn], keys,
						      values, &count);
		if (error == -1)
			error = -errno;
		if (error && error != -ENOENT)
			die("lookup_batch", error);
		total += count;
		in = position[turn];
		if (error)
			break;
	}
	if (total != run->count)
		die("lookup_batch: elements are missing", EIO);
}

static double nanoseconds_each(struct run *run, void (*work)(struct run *))
{
	double start = seconds_now();

	work(run);
	return (seconds_now() - start) * 1e9 / run->operations;
}

static void *run_thread(void *argument)
{
	void **pair = argument;

	((void (*)(struct run *))pair[1])(pair[0]);
	return NULL;
}

/* Operations a nanosecond of `threads` threads on one map. */
static double throughput(const struct run *run, void (*work)(struct run *), unsigned threads)
{
	struct run runs[THREADS];
	void *arguments[THREADS][2];
	double start = seconds_now();

	for (unsigned i = 0; i < threads; i++) {
		runs[i] = *run;
		runs[i].first = i + 1;
		arguments[i][0] = &runs[i];
		arguments[i][1] = (void *)work;
		if (pthread_create(&runs[i].thread, NULL, run_thread, arguments[i]))
			die("pthread_create", EAGAIN);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(runs[i].thread, NULL);
	return (double)threads * run->operations / (seconds_now() - start);
}

/* With so many operations, of `each` nanoseconds, that a thread works for a while and not longer.
 */
static double scaling(const struct run *run, void (*work)(struct run *), double each)
{
	struct run longer = *run;
	double one;

	longer.operations *= SCALING_TURNS;
	if (longer.operations > SCALING_NS / each)
		longer.operations = (uint32_t)(SCALING_NS / each);
	one = throughput(&longer, work, 1);
	return throughput(&longer, work, THREADS) / one;
}

static void measure(struct contestant *contestant, uint32_t type, uint32_t count)
{
	struct run run = {.contestant = contestant, .is_array = type == BPF_MAP_TYPE_ARRAY};
	double lookup, update;

	run.count = run.operations = count;
	expect(contestant->create(contestant, type, count), "create");
	printf("\"%s\": {\"insert\": %.2f", contestant->name, nanoseconds_each(&run, insert_all));
	printf(", \"memory\": %llu", (unsigned long long)contestant->memory(contestant));
	lookup = nanoseconds_each(&run, lookup_random);
	update = nanoseconds_each(&run, update_random);
	printf(", \"lookup\": %.2f, \"update\": %.2f", lookup, update);
	printf(", \"iterate\": %.2f", nanoseconds_each(&run, iterate_all));
	printf(", \"scaling_lookup\": %.3f", scaling(&run, lookup_random, lookup));
	printf(", \"scaling_update\": %.3f", scaling(&run, update_random, update));
	if (!run.is_array)
		printf(", \"delete\": %.2f", nanoseconds_each(&run, remove_all));
	printf("}");
	contestant->destroy(contestant);
}

int main(int argc, char **argv)
{
	bool is_array = argc == 3 && !strcmp(argv[1], "array");
	struct contestant contestant;

	if (argc != 3 || (!is_array && strcmp(argv[1], "hash"))) {
		fputs("usage: bench-backends hash|array COUNT\n", stderr);
		return 2;
	}
	printf("{");
	for (unsigned i = 0; i < 2; i++) {
		contestant = contestants[i];
		printf("%s", i ? ", " : "");
		measure(&contestant, is_array ? BPF_MAP_TYPE_ARRAY : BPF_MAP_TYPE_HASH,
			number_argument(argv[2]));
	}
	puts("}");
	return 0;
}
