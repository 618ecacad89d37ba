// SPDX-License-Identifier: BSD-2-Clause
/*
 * Emits numbered records into a ring buffer and a perf event array, and drains a user ring
 * buffer. The programs are run with BPF_PROG_TEST_RUN, never attached; args[0] is how many.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct record {
	__u64 number; /* counts on from run to run */
	__u32 cpu;
	__u32 check; /* low half of number, inverted */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} pushed SEC(".maps");

enum statistic {
	RING_EMITTED,
	RING_REFUSED,
	EVENTS_EMITTED,
	EVENTS_REFUSED,
	DRAINED_RECORDS,
	DRAINED_SUM, /* of their first 8 bytes */
	STATISTICS,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, STATISTICS);
	__type(key, __u32);
	__type(value, __u64);
} emit_statistics SEC(".maps");

static __always_inline __u64 *statistic(__u32 which)
{
	return bpf_map_lookup_elem(&emit_statistics, &which);
}

static __always_inline void count(__u32 which, __u64 amount)
{
	__u64 *number = statistic(which);

	if (number)
		__sync_fetch_and_add(number, amount);
}

static __always_inline struct record record_make(__u32 emitted, __u32 refused)
{
	__u64 *done = statistic(emitted), *not_done = statistic(refused);
	struct record record = {.cpu = bpf_get_smp_processor_id()};

	if (done && not_done)
		record.number = *done + *not_done;
	record.check = ~(__u32)record.number;
	return record;
}

static long ring_emit_one(__u32 index, void *context)
{
	struct record record = record_make(RING_EMITTED, RING_REFUSED);
	struct record *place = bpf_ringbuf_reserve(&ring, sizeof(record), 0);

	if (!place) {
		count(RING_REFUSED, 1);
		return 0;
	}
	*place = record;
	bpf_ringbuf_submit(place, 0);
	count(RING_EMITTED, 1);
	/* A record that readers must not see. */
	place = bpf_ringbuf_reserve(&ring, sizeof(record), 0);
	if (place)
		bpf_ringbuf_discard(place, 0);
	return 0;
}

SEC("raw_tracepoint")
int ring_emit(struct bpf_raw_tracepoint_args *context)
{
	bpf_loop(context->args[0], ring_emit_one, NULL, 0);
	return 0;
}

struct emission {
	struct bpf_raw_tracepoint_args *context; /* bpf_perf_event_output() wants it */
};

static long events_emit_one(__u32 index, struct emission *emission)
{
	struct record record = record_make(EVENTS_EMITTED, EVENTS_REFUSED);

	if (bpf_perf_event_output(emission->context, &events, BPF_F_CURRENT_CPU, &record,
				  sizeof(record)))
		count(EVENTS_REFUSED, 1);
	else
		count(EVENTS_EMITTED, 1);
	return 0;
}

SEC("raw_tracepoint")
int events_emit(struct bpf_raw_tracepoint_args *context)
{
	struct emission emission = {context};

	bpf_loop(context->args[0], events_emit_one, &emission, 0);
	return 0;
}

static long drain_one(struct bpf_dynptr *record, void *context)
{
	__u64 number = 0;

	bpf_dynptr_read(&number, sizeof(number), record, 0, 0);
	count(DRAINED_RECORDS, 1);
	count(DRAINED_SUM, number);
	return 0;
}

SEC("raw_tracepoint")
int pushed_drain(struct bpf_raw_tracepoint_args *context)
{
	bpf_user_ringbuf_drain(&pushed, drain_one, NULL, 0);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
