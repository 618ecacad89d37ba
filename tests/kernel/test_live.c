// SPDX-License-Identifier: BSD-2-Clause
/* The kernel backend beside running BPF programs (tests/bpf): maps they fill, links, streams. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include "kernel_fixture.h"

/* --- the counter --- */

struct counter {
	pid_t pid;
	FILE *out;
	unsigned call_counts, command_counts, call_totals, prog, link;
};

static void counter_start(struct counter *counter, pid_t target)
{
	char pid[16], line[256];
	int out[2];

	snprintf(pid, sizeof(pid), "%d", target);
	cr_assert_eq(pipe(out), 0);
	counter->pid = fork();
	if (!counter->pid) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		execl(getenv("COUNTER"), "counter", getenv("COUNTER_OBJECT"), pid, NULL);
		_exit(127);
	}
	close(out[1]);
	counter->out = fdopen(out[0], "r");
	cr_assert(fgets(line, sizeof(line), counter->out));
	cr_assert_eq(sscanf(line,
			    "ready call_counts=%u command_counts=%u call_totals=%u prog=%u link=%u",
			    &counter->call_counts, &counter->command_counts, &counter->call_totals,
			    &counter->prog, &counter->link),
		     5, "%s", line);
}

static void counter_stop(struct counter *counter)
{
	kill(counter->pid, SIGTERM);
	waitpid(counter->pid, NULL, 0);
	fclose(counter->out);
}

static struct handle *open_id(struct backend *backend, enum object_kind kind, unsigned id)
{
	struct handle *handle;

	cr_assert_eq(object_open(backend, kind, id, 0, &handle), 0);
	return handle;
}

Test(counter, fills_a_hash_and_a_percpu_array)
{
	struct backend *backend = kernel_fixture_open();
	uint32_t number = SYS_getppid, zero = 0;
	uint64_t count = 0, totals[backend->possible_cpus], total = 0;
	struct counter counter;
	struct handle *counts, *all;

	counter_start(&counter, getpid());
	counts = open_id(backend, OBJECT_MAP, counter.call_counts);
	all = open_id(backend, OBJECT_MAP, counter.call_totals);
	for (int i = 0; i < 1000; i++)
		syscall(SYS_getppid);
	kill(counter.pid, SIGUSR1);
	cr_assert_eq(fgetc(counter.out), 'd');
	cr_assert_eq(map_lookup(counts, &number, &count, 0), 0);
	cr_assert_eq(count, 1000);
	cr_assert_eq(map_lookup(all, &zero, totals, 0), 0);
	for (unsigned i = 0; i < backend->possible_cpus; i++)
		total += totals[i];
	cr_assert_geq(total, 1000);
	counter_stop(&counter);
	handle_close(counts);
	handle_close(all);
	backend_close(backend);
}

Test(counter, shows_program_link_and_holders)
{
	struct backend *backend = kernel_fixture_open();
	struct counter counter;
	struct handle *prog, *link, *counts;
	struct prog_info info = {0};
	struct link_info link_details = {0};
	struct holder *holders;
	size_t count, length;
	void *xlated;

	counter_start(&counter, getpid());
	prog = open_id(backend, OBJECT_PROG, counter.prog);
	link = open_id(backend, OBJECT_LINK, counter.link);
	counts = open_id(backend, OBJECT_MAP, counter.call_counts);
	cr_assert_eq(prog_info(prog, &info), 0);
	cr_assert_str_eq(info.name, "count_call");
	cr_assert_eq(info.type, BPF_PROG_TYPE_RAW_TRACEPOINT);
	cr_assert_eq(info.map_count, 4); /* and the constants */
	cr_assert_eq(prog_xlated(prog, &xlated, &length), 0);
	cr_assert_eq(length, info.xlated_len);
	cr_assert_eq(link_info(link, &link_details), 0);
	cr_assert_eq(link_details.prog_id, counter.prog);
	cr_assert_str_eq(json_string_value(json_object_get(link_details.detail, "tp_name")),
			 "sys_enter");
	cr_assert_eq(link_detach(link), -EOPNOTSUPP);
	cr_assert_eq(object_holders(counts, &holders, &count), 0);
	cr_assert_eq(count, 1);
	cr_assert_eq(holders[0].pid, counter.pid);
	cr_assert_str_eq(holders[0].comm, "counter");
	prog_info_free(&info);
	link_info_free(&link_details);
	free(holders);
	free(xlated);
	counter_stop(&counter);
	handle_close(prog);
	handle_close(link);
	handle_close(counts);
	backend_close(backend);
}

/* --- the emitter --- */

struct record {
	uint64_t number;
	uint32_t cpu, check;
};

enum { RING_EMITTED, RING_REFUSED, EVENTS_EMITTED, EVENTS_REFUSED, DRAINED_RECORDS, DRAINED_SUM };

static struct bpf_object *emitter_load(void)
{
	struct bpf_object *object = bpf_object__open_file(getenv("EMIT_OBJECT"), NULL);

	cr_assert(object);
	cr_assert_eq(bpf_object__load(object), 0);
	return object;
}

static struct handle *emitter_map(struct backend *backend, struct bpf_object *object,
				  const char *name)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);

	cr_assert_eq(
		bpf_obj_get_info_by_fd(bpf_object__find_map_fd_by_name(object, name), &info, &size),
		0);
	return open_id(backend, OBJECT_MAP, info.id);
}

static void emitter_run(struct bpf_object *object, const char *program, uint64_t count)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &count, .ctx_size_in = sizeof(count));
	int fd = bpf_program__fd(bpf_object__find_program_by_name(object, program));

	cr_assert_eq(bpf_prog_test_run_opts(fd, &options), 0);
}

static uint64_t statistic(struct handle *statistics, uint32_t which)
{
	uint64_t number = 0;

	cr_assert_eq(map_lookup(statistics, &which, &number, 0), 0);
	return number;
}

/* Reads until the stream has been idle for long; returns records, checks that numbers rise. */
static uint64_t stream_drain(struct stream *stream, const struct backend_ops *ops, int idle_ms,
			     uint64_t *lost)
{
	struct pollfd poll_fd = {.fd = ops->stream_poll_fd(stream), .events = POLLIN};
	uint64_t count = 0, dropped, last = 0;

	while (poll(&poll_fd, 1, idle_ms) > 0) {
		struct record *record;
		size_t length;
		int error;

		while (!(error = ops->stream_read(stream, (void **)&record, &length, &dropped))) {
			cr_assert_geq(length, sizeof(*record));
			cr_assert_eq(record->check, ~(uint32_t)record->number);
			cr_assert(!count || record->number > last);
			last = record->number;
			count++;
			*lost += dropped;
			free(record);
		}
		*lost += dropped;
		cr_assert_eq(error, -EAGAIN);
	}
	return count;
}

static void emit_in_child(struct bpf_object *object, const char *program, unsigned runs,
			  uint64_t count)
{
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child)
		return;
	for (unsigned i = 0; i < runs; i++)
		emitter_run(object, program, count);
	_exit(0);
}

Test(streams, ringbuf_gives_every_record_in_order)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = emitter_load();
	struct handle *ring = emitter_map(backend, object, "ring");
	struct handle *statistics = emitter_map(backend, object, "emit_statistics");
	struct stream *stream;
	uint64_t lost = 0, count;

	cr_assert_eq(stream_open(ring, &stream), 0);
	emit_in_child(object, "ring_emit", 1000, 1000);
	count = stream_drain(stream, backend->ops, 500, &lost);
	cr_assert_eq(statistic(statistics, RING_EMITTED) + statistic(statistics, RING_REFUSED),
		     1000000);
	cr_assert_eq(count, statistic(statistics, RING_EMITTED));
	cr_assert_gt(count, 1000);
	backend->ops->stream_close(stream);
	handle_close(ring);
	handle_close(statistics);
	backend_close(backend);
	bpf_object__close(object);
}

/* Whoever has the map may write the consumer's position, and reading must survive it. */
Test(streams, ringbuf_position_of_somebody_else)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = emitter_load();
	struct handle *ring = emitter_map(backend, object, "ring");
	unsigned long *consumer = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
				       MAP_SHARED, handle_fd(ring), 0);
	const unsigned long wrong[] = {
		48 * (8 + sizeof(struct record)) + 5, /* a number, read as a length of 768 MiB */
		1 << 20,			      /* where nothing has been written yet */
		0ul - (1 << 20),		      /* further back than the ring is long */
	};
	struct record *record;
	struct stream *stream;
	size_t length;
	uint64_t lost;

	cr_assert_neq(consumer, MAP_FAILED);
	emitter_run(object, "ring_emit", 100);
	cr_assert_eq(stream_open(ring, &stream), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		__atomic_store_n(consumer, wrong[i], __ATOMIC_SEQ_CST);
		cr_assert_eq(backend->ops->stream_read(stream, (void **)&record, &length, &lost),
			     -EIO, "%zu", i);
	}
	__atomic_store_n(consumer, 0, __ATOMIC_SEQ_CST);
	cr_assert_eq(backend->ops->stream_read(stream, (void **)&record, &length, &lost), 0);
	cr_assert_eq(length, sizeof(*record));
	cr_assert_eq(record->check, ~(uint32_t)record->number);
	free(record);
	backend->ops->stream_close(stream);
	handle_close(ring);
	backend_close(backend);
	bpf_object__close(object);
}

Test(streams, perf_events_give_every_record_not_lost)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = emitter_load();
	struct handle *events = emitter_map(backend, object, "events");
	struct handle *statistics = emitter_map(backend, object, "emit_statistics");
	struct stream *stream;
	uint64_t lost = 0, count;

	cr_assert_eq(stream_open(events, &stream), 0);
	emit_in_child(object, "events_emit", 100, 1000);
	count = stream_drain(stream, backend->ops, 500, &lost);
	cr_assert_eq(count, statistic(statistics, EVENTS_EMITTED));
	cr_assert_eq(lost, statistic(statistics, EVENTS_REFUSED));
	cr_assert_eq(count + lost, 100000);
	backend->ops->stream_close(stream);
	/* Our events have left the array: the program finds none. */
	emitter_run(object, "events_emit", 10);
	cr_assert_eq(statistic(statistics, EVENTS_EMITTED), count);
	handle_close(events);
	handle_close(statistics);
	backend_close(backend);
	bpf_object__close(object);
}

Test(streams, poll_stays_ready_until_read)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = emitter_load();
	struct handle *events = emitter_map(backend, object, "events");
	struct pollfd poll_fd = {.events = POLLIN};
	struct stream *stream;
	uint64_t lost = 0;

	cr_assert_eq(stream_open(events, &stream), 0);
	poll_fd.fd = backend->ops->stream_poll_fd(stream);
	cr_assert_eq(poll(&poll_fd, 1, 50), 0);
	emitter_run(object, "events_emit", 3);
	cr_assert_eq(poll(&poll_fd, 1, 1000), 1);
	cr_assert_eq(poll(&poll_fd, 1, 0), 1);
	cr_assert_eq(stream_drain(stream, backend->ops, 100, &lost), 3);
	cr_assert_eq(poll(&poll_fd, 1, 50), 0);
	backend->ops->stream_close(stream);
	handle_close(events);
	backend_close(backend);
	bpf_object__close(object);
}

Test(streams, user_ringbuf_is_drained_by_a_program)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = emitter_load();
	struct handle *pushed = emitter_map(backend, object, "pushed");
	struct handle *statistics = emitter_map(backend, object, "emit_statistics");
	char large[8192] = {0};
	uint64_t number, sum = 0, pushes = 0;
	int error = 0;

	for (int round = 0; round < 3; round++) {
		for (number = 1; !error; number++) {
			error = stream_push(pushed, &number, sizeof(number));
			if (!error) {
				sum += number;
				pushes++;
			}
		}
		cr_assert_eq(error, -ENOSPC);
		error = 0;
		emitter_run(object, "pushed_drain", 0);
		cr_assert_eq(statistic(statistics, DRAINED_RECORDS), pushes);
		cr_assert_eq(statistic(statistics, DRAINED_SUM), sum);
	}
	cr_assert_eq(pushes, 3 * 4096 / 16);
	cr_assert_eq(stream_push(pushed, large, sizeof(large)), -E2BIG);
	cr_assert_eq(stream_push(statistics, large, 8), -EOPNOTSUPP);
	handle_close(pushed);
	handle_close(statistics);
	backend_close(backend);
	bpf_object__close(object);
}

int main(int argc, char **argv)
{
	return kernel_tests_main(argc, argv);
}
