// SPDX-License-Identifier: BSD-2-Clause
/* Records of ring buffers and perf event arrays; queues, stacks; what a full ring loses. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "emu_test.h"

static bool is_readable(struct backend *world, struct stream *stream)
{
	struct pollfd poll_fd = {.fd = world->ops->stream_poll_fd(stream), .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

static void expect_record(struct backend *world, struct stream *stream, const char *text)
{
	uint64_t lost;
	size_t length;
	void *record;

	cr_assert_eq(world->ops->stream_read(stream, &record, &length, &lost), 0);
	cr_assert_eq(length, strlen(text));
	cr_assert_eq(memcmp(record, text, length), 0);
	free(record);
}

Test(stream, records_come_in_order)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_PERF_EVENT_ARRAY};

	for (size_t i = 0; i < 2; i++) {
		uint32_t bytes = types[i] == BPF_MAP_TYPE_RINGBUF ? 0 : 4;
		WORLD(world);
		HANDLE(map);
		struct stream *stream;
		uint64_t lost;
		size_t length;
		void *record;

		cr_assert_eq(create(world, types[i], bytes, bytes, 4096, 0, &map), 0);
		cr_assert_eq(emu_stream_emit(map, "one", 3), 0);
		cr_assert_eq(stream_open(map, &stream), 0);
		cr_assert(is_readable(world, stream));
		cr_assert_eq(emu_stream_emit(map, "two two", 7), 0);
		expect_record(world, stream, "one");
		cr_assert(is_readable(world, stream));
		expect_record(world, stream, "two two");
		cr_assert(!is_readable(world, stream));
		cr_assert_eq(world->ops->stream_read(stream, &record, &length, &lost), -EAGAIN);
		cr_assert_eq(emu_stream_emit(map, "3", 1), 0);
		cr_assert(is_readable(world, stream));
		world->ops->stream_close(stream);
	}
}

Test(stream, a_full_ring_loses_and_counts)
{
	WORLD(world);
	HANDLE(map);
	struct stream *stream;
	char bytes[1024] = {0};
	uint64_t lost;
	size_t length;
	void *record;

	cr_assert_eq(create(world, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, &map), 0);
	cr_assert_eq(emu_stream_emit(map, bytes, 4096), -E2BIG);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(emu_stream_emit(map, bytes, sizeof(bytes)), 0);
	cr_assert_eq(emu_stream_emit(map, bytes, sizeof(bytes)), -ENOSPC);
	cr_assert_eq(stream_open(map, &stream), 0);
	cr_assert_eq(world->ops->stream_read(stream, &record, &length, &lost), 0);
	cr_assert_eq(lost, 1);
	free(record);
	cr_assert_eq(emu_stream_emit(map, bytes, sizeof(bytes)), 0);
	world->ops->stream_close(stream);
}

Test(stream, a_user_ring_fills_up)
{
	WORLD(world);
	HANDLE(map);
	char bytes[2000] = {0};

	cr_assert_eq(create(world, BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096, 0, &map), 0);
	cr_assert_eq(stream_push(map, bytes, sizeof(bytes)), 0);
	cr_assert_eq(stream_push(map, bytes, sizeof(bytes)), 0);
	cr_assert_eq(stream_push(map, bytes, sizeof(bytes)), -ENOSPC);
	cr_assert_eq(stream_push(map, bytes, 5000), -E2BIG);
}

Test(stream, queue_and_stack_take_from_their_ends)
{
	static const struct {
		uint32_t type;
		uint64_t first, after_overflow;
	} cases[] = {{BPF_MAP_TYPE_QUEUE, 1, 2}, {BPF_MAP_TYPE_STACK, 2, 3}};

	for (size_t i = 0; i < 2; i++) {
		WORLD(world);
		HANDLE(map);
		uint64_t value;

		cr_assert_eq(create(world, cases[i].type, 0, 8, 2, 0, &map), 0);
		cr_assert_eq(map_lookup(map, NULL, &value, 0), -ENOENT);
		for (value = 1; value <= 2; value++)
			cr_assert_eq(map_update(map, NULL, &value, 0), 0);
		cr_assert_eq(map_lookup(map, NULL, &value, 0), 0);
		cr_assert_eq(value, cases[i].first);
		value = 3;
		cr_assert_eq(map_update(map, NULL, &value, 0), -E2BIG);
		cr_assert_eq(map_update(map, NULL, &value, BPF_NOEXIST), -EINVAL);
		cr_assert_eq(map_update(map, NULL, &value, BPF_EXIST), 0);
		cr_assert_eq(map_lookup_and_delete(map, NULL, &value, 0), 0);
		cr_assert_eq(value, cases[i].after_overflow);
		cr_assert_eq(map_lookup_and_delete(map, NULL, &value, 0), 0);
		cr_assert_eq(map_lookup_and_delete(map, NULL, &value, 0), -ENOENT);
	}
}
