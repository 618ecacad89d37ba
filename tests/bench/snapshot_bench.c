// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench-snapshot: dump and restore beside what they are made of, in alternating rounds.
 *
 *   bench-snapshot [--elements N] [--rounds N] [--bpffs DIR] [--directory DIR] [--json FILE]
 *
 * dump     against raw lookup_batch and writev of the same bytes (and, as a second figure, with
 *          the fsync that a snapshot owes its user)
 * restore  against raw create, update_batch and a batch read-back of all elements
 *
 * Maps are hashes with a key of 4 bytes and values of 8 and 64; ratios are of medians. Peak memory
 * of dump and restore is that of this process less what it held before.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <jansson.h>
#include <bpfuse/snapshot.h>

#define BATCH 4096
#define ROUNDS_MAX 64
#define TARGET 1.3

struct bench {
	uint32_t elements, value_size;
	unsigned rounds;
	const char *bpffs, *directory;
	struct backend *backend;
	int map;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *room(size_t size)
{
	void *memory = malloc(size);

	if (!memory)
		die("malloc");
	memset(memory, 1, size);
	return memory;
}

/* --- raw bpf(2) --- */

static int raw_create(const struct bench *bench)
{
	int map = bpf_map_create(BPF_MAP_TYPE_HASH, "bench", 4, bench->value_size, bench->elements,
				 NULL);

	if (map < 0)
		die("BPF_MAP_CREATE");
	return map;
}

static void raw_fill(const struct bench *bench, int map)
{
	unsigned char *values = room((size_t)BATCH * bench->value_size);
	uint32_t *keys = room(BATCH * sizeof(*keys));

	for (uint32_t at = 0; at < bench->elements; at += BATCH) {
		uint32_t count = bench->elements - at < BATCH ? bench->elements - at : BATCH;

		for (uint32_t i = 0; i < count; i++) {
			keys[i] = at + i;
			memcpy(values + (size_t)i * bench->value_size, &keys[i], sizeof(keys[i]));
		}
		if (bpf_map_update_batch(map, keys, values, &count, NULL))
			die("BPF_MAP_UPDATE_BATCH");
	}
	free(values);
	free(keys);
}

/* Reads all; writes what it reads to `fd` if that is not -1. */
static uint64_t raw_read(const struct bench *bench, int map, int fd)
{
	unsigned char *values = room((size_t)BATCH * bench->value_size);
	uint32_t *keys = room(BATCH * sizeof(*keys)), token = 0;
	uint64_t total = 0;
	int error = 0;

	for (bool first = true; !error; first = false) {
		uint32_t count = BATCH;
		struct iovec parts[2];

		error = bpf_map_lookup_batch(map, first ? NULL : &token, &token, keys, values,
					     &count, NULL);
		if (error && errno != ENOENT)
			die("BPF_MAP_LOOKUP_BATCH");
		parts[0] = (struct iovec){keys, count * sizeof(*keys)};
		parts[1] = (struct iovec){values, (size_t)count * bench->value_size};
		if (fd >= 0 && count && writev(fd, parts, 2) < 0)
			die("writev");
		total += count;
	}
	free(values);
	free(keys);
	return total;
}

static void path_of(const struct bench *bench, const char *name, char path[4096])
{
	snprintf(path, 4096, "%s/%s", bench->directory, name);
}

static double raw_dump(const struct bench *bench, bool sync)
{
	char path[4096];
	double start;
	int fd;

	path_of(bench, "raw", path);
	unlink(path);
	start = now();
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		die(path);
	if (raw_read(bench, bench->map, fd) != bench->elements)
		die("raw dump");
	if (sync && fsync(fd))
		die("fsync");
	close(fd);
	return now() - start;
}

static double raw_dump_plain(const struct bench *bench)
{
	return raw_dump(bench, false);
}

static double raw_dump_synced(const struct bench *bench)
{
	return raw_dump(bench, true);
}

static double raw_restore(const struct bench *bench)
{
	double start = now();
	int map = raw_create(bench);

	raw_fill(bench, map);
	if (raw_read(bench, map, -1) != bench->elements)
		die("raw restore");
	start = now() - start;
	close(map);
	return start;
}

/* --- ours --- */

static void fault_die(const struct fault *fault)
{
	fprintf(stderr, "bench-snapshot: %s\n", fault->text);
	exit(1);
}

static void snapshot_take(const struct bench *bench, const char *path)
{
	static const struct snapshot_dump_options options = {.replace = true};
	static const struct snapshot_source source = {"bench", "bench"};
	struct fault fault = FAULT_INIT;
	snapshot_report *report = NULL;

	if (snapshot_dump(bench->backend, &source, 1, path, &options, &report, &fault))
		fault_die(&fault);
	json_decref(report);
}

static double ours_dump(const struct bench *bench)
{
	char path[4096];
	double start;

	path_of(bench, "snapshot", path);
	start = now();
	snapshot_take(bench, path);
	return now() - start;
}

static void target_clear(const struct bench *bench)
{
	static const struct caller root = {0};

	tree_unlink(bench->backend, &root, "restored/bench");
	tree_rmdir(bench->backend, &root, "restored");
	if (tree_mkdir(bench->backend, &root, "restored", 0700))
		die("mkdir on bpffs");
}

static double ours_restore(const struct bench *bench)
{
	static const struct snapshot_restore_options options = {0};
	struct fault fault = FAULT_INIT;
	snapshot_report *report = NULL;
	struct image *image;
	char path[4096];
	double start;

	path_of(bench, "snapshot", path);
	target_clear(bench);
	start = now();
	if (snapshot_open(path, NULL, SNAPSHOT_ELEMENTS, NULL, &image, &fault) ||
	    snapshot_restore(image, bench->backend, "restored", &options, &report, &fault))
		fault_die(&fault);
	snapshot_close(image);
	json_decref(report);
	return now() - start;
}

/* --- rounds --- */

struct contest {
	const char *name;
	double (*ours)(const struct bench *bench);
	double (*rival)(const struct bench *bench);
	double target; /* 0: for information */
};

static const struct contest contests[] = {
	{"dump / lookup_batch + writev", ours_dump, raw_dump_plain, TARGET},
	{"dump / the same + fsync", ours_dump, raw_dump_synced, 0},
	{"restore / create + update_batch + read back", ours_restore, raw_restore, TARGET},
};
#define CONTESTS (sizeof(contests) / sizeof(contests[0]))

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *times, unsigned count)
{
	qsort(times, count, sizeof(*times), compare);
	return times[count / 2];
}

static json_t *contest_run(const struct bench *bench, const struct contest *contest)
{
	double ours[ROUNDS_MAX], rival[ROUNDS_MAX], a, b;

	contest->rival(bench); /* caches warm, on both sides */
	contest->ours(bench);
	for (unsigned round = 0; round < bench->rounds; round++) {
		bool first = round % 2;

		if (first)
			ours[round] = contest->ours(bench);
		rival[round] = contest->rival(bench);
		if (!first)
			ours[round] = contest->ours(bench);
	}
	a = median(ours, bench->rounds);
	b = median(rival, bench->rounds);
	printf("%-44s value %2u  %7.3f s  %7.3f s  ratio %5.2f  %s  (ours %.3f to %.3f)\n",
	       contest->name, bench->value_size, a, b, a / b,
	       contest->target ? (a / b <= contest->target ? "ok  " : "OVER") : "    ", ours[0],
	       ours[bench->rounds - 1]);
	fflush(stdout);
	return json_pack("{s:s, s:i, s:i, s:f, s:f, s:f, s:f}", "operation", contest->name,
			 "elements", (int)bench->elements, "value_size", (int)bench->value_size,
			 "ours", a, "rival", b, "ratio", a / b, "target", contest->target);
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* In a process of its own, whose peak is nobody else's. */
static json_t *memory_run(const struct bench *bench, const char *name,
			  double (*ours)(const struct bench *bench))
{
	int pipes[2], status;
	long kib = 0;
	pid_t child;

	if (pipe(pipes))
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		ours(bench);
		kib = peak_kib();
		_exit(write(pipes[1], &kib, sizeof(kib)) != sizeof(kib));
	}
	close(pipes[1]);
	if (read(pipes[0], &kib, sizeof(kib)) != sizeof(kib) || waitpid(child, &status, 0) < 0)
		die(name);
	close(pipes[0]);
	printf("%-44s value %2u  %ld KiB resident at most, with %" PRIu32 " elements\n", name,
	       bench->value_size, kib, bench->elements);
	return json_pack("{s:s, s:i, s:i, s:I}", "memory", name, "elements", (int)bench->elements,
			 "value_size", (int)bench->value_size, "kib", (json_int_t)kib);
}

static void bench_run(struct bench *bench, json_t *results)
{
	static const struct caller root = {0};
	char pin_path[4096];

	bench->map = raw_create(bench);
	raw_fill(bench, bench->map);
	snprintf(pin_path, sizeof(pin_path), "%s/bench", bench->bpffs);
	if (bpf_obj_pin(bench->map, pin_path))
		die(pin_path);
	for (size_t i = 0; i < CONTESTS; i++)
		json_array_append_new(results, contest_run(bench, &contests[i]));
	json_array_append_new(results, memory_run(bench, "dump's memory", ours_dump));
	json_array_append_new(results, memory_run(bench, "restore's memory", ours_restore));
	tree_unlink(bench->backend, &root, "bench");
	tree_unlink(bench->backend, &root, "restored/bench");
	tree_rmdir(bench->backend, &root, "restored");
	close(bench->map);
}

static void directory_remove(const char *path)
{
	static const char *const names[] = {"raw",
					    "snapshot/SHA256SUMS",
					    "snapshot/manifest.json",
					    "snapshot/inventory.img",
					    "snapshot/bpfmap-file.img",
					    "snapshot/bpfmap-data.img"};
	char file[4096 + 32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		unlink(file);
	}
	snprintf(file, sizeof(file), "%s/snapshot", path);
	rmdir(file);
	rmdir(path);
}

static bool options_take(int argc, char **argv, struct bench *bench, const char **json)
{
	static const struct option options[] = {{"elements", required_argument, NULL, 'e'},
						{"rounds", required_argument, NULL, 'r'},
						{"directory", required_argument, NULL, 'd'},
						{"json", required_argument, NULL, 'j'},
						{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'e')
			bench->elements = (uint32_t)strtoul(optarg, NULL, 0);
		else if (option == 'r')
			bench->rounds = (unsigned)strtoul(optarg, NULL, 0);
		else if (option == 'd')
			bench->directory = optarg;
		else if (option == 'j')
			*json = optarg;
		else
			return false;
	}
	return bench->elements && bench->rounds && bench->rounds <= ROUNDS_MAX;
}

int main(int argc, char **argv)
{
	char bpffs[] = "/tmp/bench-snapshot-bpffs-XXXXXX", directory[4096];
	struct bench bench = {.elements = 1000000, .rounds = 5, .directory = "/tmp"};
	const char *json = NULL;
	struct fault fault = FAULT_INIT;
	json_t *results = json_array();

	if (!options_take(argc, argv, &bench, &json))
		return 2;
	if (geteuid()) {
		puts("bench-snapshot: bpf(2) and mount(2) need root");
		return 77;
	}
	snprintf(directory, sizeof(directory), "%s/bench-snapshot-XXXXXX", bench.directory);
	if (!mkdtemp(directory) || !mkdtemp(bpffs) || mount("bpf", bpffs, "bpf", 0, NULL))
		die("mount -t bpf");
	bench.directory = directory;
	bench.bpffs = bpffs;
	if (backend_open(bpffs, NULL, &bench.backend, &fault))
		fault_die(&fault);
	printf("%" PRIu32 " elements, key 4, %u rounds: medians of ours, of the rival\n",
	       bench.elements, bench.rounds);
	for (bench.value_size = 8; bench.value_size <= 64; bench.value_size *= 8)
		bench_run(&bench, results);
	backend_close(bench.backend);
	umount2(bpffs, MNT_DETACH);
	rmdir(bpffs);
	directory_remove(directory);
	if (json && json_dump_file(results, json, JSON_INDENT(1)))
		die(json);
	json_decref(results);
	return 0;
}
