// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench-client: what a program does with key files, timed.
 *
 *   bench-client OPERATION DIRECTORY [-n OPERATIONS] [-c KEYS] [-f FIRST] [-t THREADS]
 *                [-b BYTES] [-r RIVAL] [-- COMMAND...]
 *
 * read, write      open, read or write, close one of KEYS keys from FIRST on, chosen at random
 * create, unlink   create, write and close, or remove, keys FIRST, FIRST + 1, ..., each once
 * stat             keys FIRST, FIRST + 1, ..., each once
 * list             getdents64 with a buffer of BYTES until the end
 * forget           lets the kernel drop every inode of the mount that nobody uses
 * spawn            runs COMMAND, its output thrown away
 *
 * Prints one JSON object: operations, seconds, and microseconds of the median and the 99th
 * percentile of one operation. With a RIVAL, another directory with the same keys, short bursts on
 * both follow each other, so that whatever else the machine does meets both alike; a second
 * object is printed, for the rival. Which one is first changes, and so does the CPU: whether the
 * client shares its CPU with the daemon makes a factor of 3, and left to the scheduler it is luck
 * that lasts for seconds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

extern char **environ;

#define BURST 50

struct settings {
	const char *directory, *rival;
	uint32_t operations, keys, first, threads;
	size_t buffer_size;
	char **command;
};

struct worker;

struct operation {
	const char *name;
	void (*run)(const struct worker *worker);
	bool in_order; /* keys one after another, not at random */
};

struct worker {
	const struct settings *settings;
	const struct operation *operation;
	int directory_fd;
	uint32_t number, random;
	double *times; /* seconds, settings->operations of them */
	char name[12];
	pthread_t thread;
};

static void name_key(struct worker *worker, uint32_t index)
{
	snprintf(worker->name, sizeof(worker->name), "%u", key_at(index));
}

static int open_key(const struct worker *worker, int flags)
{
	int fd = openat(worker->directory_fd, worker->name, flags, 0600);

	if (fd < 0)
		die(worker->name, errno);
	return fd;
}

static void write_key(const struct worker *worker, int flags)
{
	int fd = open_key(worker, flags);

	if (write(fd, "7\n", 2) != 2)
		die("write", errno);
	if (close(fd))
		die("close", errno);
}

static void operate_read(const struct worker *worker)
{
	int fd = open_key(worker, O_RDONLY);
	char text[64];

	if (read(fd, text, sizeof(text)) <= 0)
		die("read", errno);
	close(fd);
}

static void operate_write(const struct worker *worker)
{
	write_key(worker, O_WRONLY);
}

static void operate_create(const struct worker *worker)
{
	write_key(worker, O_WRONLY | O_CREAT | O_EXCL);
}

static void operate_unlink(const struct worker *worker)
{
	if (unlinkat(worker->directory_fd, worker->name, 0))
		die(worker->name, errno);
}

static void operate_stat(const struct worker *worker)
{
	struct stat st;

	if (fstatat(worker->directory_fd, worker->name, &st, AT_SYMLINK_NOFOLLOW))
		die(worker->name, errno);
}

static void operate_spawn(const struct worker *worker)
{
	char **command = worker->settings->command;
	posix_spawn_file_actions_t actions;
	int status, error;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		die(command[0], error);
	if (waitpid(pid, &status, 0) != pid || status)
		die(command[0], ECHILD);
}

static const struct operation operations[] = {
	{"read", operate_read, false},	  {"write", operate_write, false},
	{"create", operate_create, true}, {"unlink", operate_unlink, true},
	{"stat", operate_stat, true},	  {"spawn", operate_spawn, true},
};

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	}
	return NULL;
}

/* The index of a worker's next key. Threads work on different keys. */
static uint32_t choose_index(struct worker *worker, uint32_t i)
{
	const struct settings *settings = worker->settings;

	if (worker->operation->in_order)
		return settings->first + worker->number * settings->operations + i;
	return settings->first + worker->number * settings->keys +
	       random_next(&worker->random) % settings->keys;
}

static void run_operations(struct worker *worker, uint32_t from, uint32_t to)
{
	double start;

	for (uint32_t i = from; i < to; i++) {
		name_key(worker, choose_index(worker, i));
		start = seconds_now();
		worker->operation->run(worker);
		worker->times[i] = seconds_now() - start;
	}
}

static void *run_worker(void *argument)
{
	struct worker *worker = argument;

	run_operations(worker, 0, worker->settings->operations);
	return NULL;
}

static int compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *times, uint32_t count, double part)
{
	qsort(times, count, sizeof(*times), compare_times);
	return times[(uint32_t)(part * (count - 1))];
}

static void print_times(double seconds, double median, double *times, uint32_t count)
{
	printf("{\"operations\": %u, \"seconds\": %.9f, \"p50_us\": %.3f, \"p99_us\": %.3f}\n",
	       count, seconds, median * 1e6, quantile(times, count, 0.99) * 1e6);
}

static void open_worker(struct worker *worker, const struct settings *settings,
			const struct operation *operation, const char *directory, uint32_t number)
{
	*worker = (struct worker){
		.settings = settings,
		.operation = operation,
		.directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.number = number,
		.random = 2463534242u + number,
		.times = must_allocate(settings->operations * sizeof(*worker->times)),
	};
	if (worker->directory_fd < 0)
		die(directory, errno);
}

static void close_worker(struct worker *worker)
{
	close(worker->directory_fd);
	free(worker->times);
}

static uint32_t cpu_of_burst(uint32_t burst)
{
	return burst / 2 % (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
}

static void move_to_cpu(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* The mean over CPUs of the median of what was done on each. */
static double median_over_cpus(const struct worker *worker)
{
	uint32_t cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN), used = 0;
	double *times = must_allocate(worker->settings->operations * sizeof(*times));
	double sum = 0;

	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		uint32_t count = 0;

		for (uint32_t i = 0; i < worker->settings->operations; i++) {
			if (cpu_of_burst(i / BURST) == cpu)
				times[count++] = worker->times[i];
		}
		if (count) {
			sum += quantile(times, count, 0.5);
			used++;
		}
	}
	free(times);
	return sum / used;
}

static int run_rivals(const struct settings *settings, const struct operation *operation)
{
	const char *directories[] = {settings->directory, settings->rival};
	double seconds[2] = {0, 0}, start;
	struct worker workers[2];
	uint32_t to;

	for (unsigned side = 0; side < 2; side++)
		open_worker(&workers[side], settings, operation, directories[side], 0);
	for (uint32_t from = 0, turn = 0; from < settings->operations; from = to, turn++) {
		to = from + BURST < settings->operations ? from + BURST : settings->operations;
		move_to_cpu(cpu_of_burst(turn));
		for (unsigned i = 0; i < 2; i++) {
			unsigned side = (i + turn) % 2;

			start = seconds_now();
			run_operations(&workers[side], from, to);
			seconds[side] += seconds_now() - start;
		}
	}
	for (unsigned side = 0; side < 2; side++) {
		print_times(seconds[side], median_over_cpus(&workers[side]), workers[side].times,
			    settings->operations);
		close_worker(&workers[side]);
	}
	return 0;
}

static int run_threads(const struct settings *settings, const struct operation *operation)
{
	uint32_t threads = settings->threads, each = settings->operations;
	struct worker *workers = must_allocate(threads * sizeof(*workers));
	double *times = must_allocate((size_t)threads * each * sizeof(*times));
	double seconds;

	for (uint32_t i = 0; i < threads; i++)
		open_worker(&workers[i], settings, operation, settings->directory, i);
	seconds = -seconds_now();
	for (uint32_t i = 0; i < threads; i++) {
		if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]))
			die("pthread_create", EAGAIN);
	}
	for (uint32_t i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	seconds += seconds_now();
	for (uint32_t i = 0; i < threads; i++) {
		memcpy(times + (size_t)i * each, workers[i].times, each * sizeof(*times));
		close_worker(&workers[i]);
	}
	print_times(seconds, quantile(times, threads * each, 0.5), times, threads * each);
	free(times);
	free(workers);
	return 0;
}

struct linux_dirent64 {
	uint64_t inode;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* Counts the names in one getdents64 reply, the dots left out. */
static uint64_t count_names(const char *buffer, long length)
{
	uint64_t names = 0;

	for (long at = 0; at < length;) {
		const struct linux_dirent64 *entry = (const void *)(buffer + at);

		names += entry->name[0] != '.';
		at += entry->length;
	}
	return names;
}

static int run_list(const struct settings *settings)
{
	char *buffer = must_allocate(settings->buffer_size);
	double start = seconds_now();
	int fd = open(settings->directory, O_RDONLY | O_DIRECTORY);
	uint64_t names = 0;
	long length;

	if (fd < 0)
		die(settings->directory, errno);
	while ((length = syscall(SYS_getdents64, fd, buffer, settings->buffer_size)) > 0)
		names += count_names(buffer, length);
	if (length < 0)
		die("getdents64", errno);
	close(fd);
	printf("{\"operations\": %llu, \"seconds\": %.9f}\n", (unsigned long long)names,
	       seconds_now() - start);
	free(buffer);
	return 0;
}

/* A remount changes nothing here, but the kernel shrinks the mount's dentry cache for it. */
static int run_forget(const struct settings *settings)
{
	if (mount(NULL, settings->directory, NULL, MS_REMOUNT, NULL))
		die(settings->directory, errno);
	return 0;
}

static void parse_options(int argc, char **argv, struct settings *settings)
{
	int option;

	while ((option = getopt(argc, argv, "+n:c:f:t:b:r:")) != -1) {
		switch (option) {
		case 'n':
			settings->operations = number_argument(optarg);
			break;
		case 'c':
			settings->keys = number_argument(optarg);
			break;
		case 'f':
			settings->first = number_argument(optarg);
			break;
		case 't':
			settings->threads = number_argument(optarg);
			break;
		case 'r':
			settings->rival = optarg;
			break;
		case 'b':
			settings->buffer_size = number_argument(optarg);
			break;
		default:
			exit(2);
		}
	}
	settings->command = argv + optind;
}

int main(int argc, char **argv)
{
	struct settings settings = {.operations = 1, .keys = 1, .threads = 1, .buffer_size = 32768};
	const struct operation *operation;

	if (argc < 3) {
		fputs("usage: bench-client OPERATION DIRECTORY [options]\n", stderr);
		return 2;
	}
	settings.directory = argv[2];
	parse_options(argc - 2, argv + 2, &settings);
	if (!strcmp(argv[1], "list"))
		return run_list(&settings);
	if (!strcmp(argv[1], "forget"))
		return run_forget(&settings);
	operation = find_operation(argv[1]);
	if (!operation || !settings.operations || !settings.keys || !settings.threads) {
		fprintf(stderr, "bench-client: no such operation: %s\n", argv[1]);
		return 2;
	}
	return (settings.rival ? run_rivals : run_threads)(&settings, operation);
}
