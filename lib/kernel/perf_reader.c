// SPDX-License-Identifier: BSD-2-Clause
/*
 * Records of a perf event array: a perf buffer on each CPU, merged by time.
 *
 * To read, we put our own perf events into the array's slots, one for each CPU. That takes the
 * records away from whoever had events there: which is why a mount must allow streams. They are
 * put there through a map descriptor of our own: when that is closed, its slots empty, and only
 * those (perf_event_fd_array_release()); with BPF_F_PRESERVE_ELEMS we empty them ourselves.
 *
 * A perf descriptor tells poll() only once that there is something (perf_poll() takes the note
 * away), so a thread of ours keeps it in an eventfd, which stays readable until the buffers are
 * found empty.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/perf_event.h>
#include <bpfuse/cleanup.h>
#include "stream.h"

#define DATA_PAGES 64 /* of each CPU's buffer; a power of two */

#ifndef PERF_FORMAT_LOST
#define PERF_FORMAT_LOST (1U << 4)
#endif

/* PERF_RECORD_SAMPLE of PERF_SAMPLE_TIME | PERF_SAMPLE_RAW */
struct sample {
	struct perf_event_header header;
	uint64_t time;
	uint32_t size;
	unsigned char bytes[];
};

/* PERF_RECORD_LOST */
struct lost_record {
	struct perf_event_header header;
	uint64_t id, lost;
};

struct cpu_buffer {
	int fd; /* -1: the CPU is not online */
	struct perf_event_mmap_page *page;
	unsigned char *data;
	size_t size;
	uint64_t lost_records; /* sum of PERF_RECORD_LOST */
	uint64_t lost_told;    /* of it and of what read() counted, told to our reader */
	unsigned char *head;   /* the record in front, copied out whole; NULL: none yet */
	size_t head_room;
};

struct perf_reader {
	struct stream stream;
	int map_fd;
	bool preserve; /* the map has BPF_F_PRESERVE_ELEMS */
	int epoll_fd, ready_fd, stop_fd;
	pthread_t watcher;
	bool watched;
	unsigned count;
	struct cpu_buffer buffers[];
};

/* --- one CPU's buffer --- */

static int buffer_event_open(int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.sample_period = 1,
		.wakeup_events = 1,
		.read_format = PERF_FORMAT_LOST,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && errno == EINVAL) { /* no PERF_FORMAT_LOST before 6.0 */
		attr.read_format = 0;
		fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	}
	return fd < 0 ? -errno : (int)fd;
}

static int buffer_open(struct cpu_buffer *buffer, int map_fd, uint32_t cpu)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	union bpf_attr attr = {
		.map_fd = (uint32_t)map_fd,
		.key = pointer_u64(&cpu),
		.value = pointer_u64(&buffer->fd),
	};
	void *memory;

	buffer->fd = buffer_event_open((int)cpu);
	if (buffer->fd == -ENODEV) { /* possible, not online: nothing will come from it */
		buffer->fd = -1;
		return 0;
	}
	if (buffer->fd < 0)
		return buffer->fd;
	buffer->size = DATA_PAGES * page;
	memory = mmap(NULL, page + buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	buffer->page = memory;
	buffer->data = (unsigned char *)memory + page;
	if (ioctl(buffer->fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return kernel_bpf(BPF_MAP_UPDATE_ELEM, &attr, ATTR_SIZE(flags));
}

static void buffer_close(struct cpu_buffer *buffer)
{
	if (buffer->page)
		munmap(buffer->page, (size_t)sysconf(_SC_PAGESIZE) + buffer->size);
	if (buffer->fd >= 0)
		close(buffer->fd);
	free(buffer->head);
}

static void buffer_copy(const struct cpu_buffer *buffer, uint64_t from, void *to, size_t length)
{
	size_t offset = from & (buffer->size - 1);
	size_t first = buffer->size - offset < length ? buffer->size - offset : length;

	memcpy(to, buffer->data + offset, first);
	memcpy((unsigned char *)to + first, buffer->data, length - first);
}

/* Copies the record at `tail` to buffer->head, whose room grows as needed. */
static int buffer_take(struct cpu_buffer *buffer, uint64_t tail)
{
	struct perf_event_header header;

	buffer_copy(buffer, tail, &header, sizeof(header));
	if (header.size > buffer->head_room || !buffer->head) {
		unsigned char *head = realloc(buffer->head, UINT16_MAX + 1);

		if (!head)
			return -ENOMEM;
		buffer->head = head;
		buffer->head_room = UINT16_MAX + 1;
	}
	buffer_copy(buffer, tail, buffer->head, header.size);
	return 0;
}

static const struct sample *buffer_sample(const struct cpu_buffer *buffer)
{
	return (const struct sample *)(const void *)buffer->head;
}

static void buffer_advance(struct cpu_buffer *buffer, size_t length)
{
	uint64_t tail = __atomic_load_n(&buffer->page->data_tail, __ATOMIC_RELAXED);

	__atomic_store_n(&buffer->page->data_tail, tail + length, __ATOMIC_RELEASE);
}

/* Brings the next sample to buffer->head, counting losses: 1, or 0 if there is none. */
static int buffer_peek(struct cpu_buffer *buffer)
{
	while (buffer->fd >= 0) {
		uint64_t tail = __atomic_load_n(&buffer->page->data_tail, __ATOMIC_RELAXED);
		const struct perf_event_header *header;
		int error;

		if (tail == __atomic_load_n(&buffer->page->data_head, __ATOMIC_ACQUIRE))
			return 0;
		error = buffer_take(buffer, tail);
		if (error)
			return error;
		header = (const void *)buffer->head;
		if (header->type == PERF_RECORD_SAMPLE)
			return 1;
		if (header->type == PERF_RECORD_LOST)
			buffer->lost_records +=
				((const struct lost_record *)(const void *)header)->lost;
		buffer_advance(buffer, header->size);
	}
	return 0;
}

/*
 * Losses not told yet. PERF_RECORD_LOST comes in front of the next record that fits; losses
 * behind the last one are known only from the event's counter.
 */
static uint64_t buffer_lost(struct cpu_buffer *buffer, bool empty)
{
	struct {
		uint64_t value, lost;
	} counter = {0};
	uint64_t total = buffer->lost_records, told = buffer->lost_told;

	if (empty && buffer->fd >= 0 &&
	    read(buffer->fd, &counter, sizeof(counter)) == sizeof(counter) && counter.lost > total)
		total = counter.lost;
	if (total <= told)
		return 0;
	buffer->lost_told = total;
	return total - told;
}

/* --- all of them --- */

static int perf_poll_fd(struct stream *stream)
{
	return ((struct perf_reader *)stream)->ready_fd;
}

/* The buffer whose next sample is the oldest; NULL: all are empty. */
static int oldest_buffer(struct perf_reader *reader, struct cpu_buffer **oldest)
{
	*oldest = NULL;
	for (unsigned i = 0; i < reader->count; i++) {
		struct cpu_buffer *buffer = &reader->buffers[i];
		int found = buffer_peek(buffer);

		if (found < 0)
			return found;
		if (found &&
		    (!*oldest || buffer_sample(buffer)->time < buffer_sample(*oldest)->time))
			*oldest = buffer;
	}
	return 0;
}

static int sample_give(struct cpu_buffer *buffer, void **record, size_t *length)
{
	const struct sample *sample = buffer_sample(buffer);
	void *copy = malloc(sample->size ? sample->size : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, sample->bytes, sample->size);
	*record = copy;
	*length = sample->size;
	buffer_advance(buffer, sample->header.size);
	return 0;
}

static void ready_set(const struct perf_reader *reader)
{
	uint64_t one = 1;

	/* Only a full counter refuses, and that is readable. */
	while (write(reader->ready_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* Clears what poll() sees, then looks again: a record may have come in between. */
static int oldest_or_idle(struct perf_reader *reader, struct cpu_buffer **oldest)
{
	int error = oldest_buffer(reader, oldest);
	uint64_t drop;

	if (error || *oldest)
		return error;
	if (read(reader->ready_fd, &drop, sizeof(drop)) < 0)
		return 0; /* was clear: the watcher will set it for what comes */
	error = oldest_buffer(reader, oldest);
	if (!error && *oldest)
		ready_set(reader);
	return error;
}

static int perf_read(struct stream *stream, void **record, size_t *length, uint64_t *lost)
{
	struct perf_reader *reader = (struct perf_reader *)stream;
	struct cpu_buffer *oldest;
	int error = oldest_or_idle(reader, &oldest);

	for (unsigned i = 0; i < reader->count; i++)
		*lost += buffer_lost(&reader->buffers[i], !error && !oldest);
	if (error)
		return error;
	return oldest ? sample_give(oldest, record, length) : -EAGAIN;
}

/* Keeps the note that perf_poll() gives only once. */
static void *watcher_run(void *context)
{
	struct perf_reader *reader = context;
	struct epoll_event events[16];

	for (;;) {
		int count = epoll_wait(reader->epoll_fd, events, 16, -1);

		for (int i = 0; i < count; i++)
			if (events[i].data.fd == reader->stop_fd)
				return NULL;
		if (count > 0)
			ready_set(reader);
		else if (count < 0 && errno != EINTR)
			return NULL;
	}
}

static int watch(const struct perf_reader *reader, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watcher_start(struct perf_reader *reader)
{
	int error = watch(reader, reader->stop_fd);

	for (unsigned i = 0; !error && i < reader->count; i++)
		if (reader->buffers[i].fd >= 0)
			error = watch(reader, reader->buffers[i].fd);
	if (!error)
		error = -pthread_create(&reader->watcher, NULL, watcher_run, reader);
	reader->watched = !error;
	return error;
}

static void slots_delete(const struct perf_reader *reader)
{
	for (uint32_t i = 0; i < reader->count; i++) {
		union bpf_attr attr = {
			.map_fd = (uint32_t)reader->map_fd,
			.key = pointer_u64(&i),
		};

		if (reader->buffers[i].fd >= 0)
			kernel_bpf(BPF_MAP_DELETE_ELEM, &attr, ATTR_SIZE(key));
	}
}

static void perf_close(struct stream *stream)
{
	struct perf_reader *reader = (struct perf_reader *)stream;
	uint64_t one = 1;

	if (reader->watched && write(reader->stop_fd, &one, sizeof(one)) > 0)
		pthread_join(reader->watcher, NULL);
	if (reader->preserve)
		slots_delete(reader);
	for (unsigned i = 0; i < reader->count; i++)
		buffer_close(&reader->buffers[i]);
	for (int i = 0; i < 4; i++) {
		int fd = (const int[]){reader->epoll_fd, reader->ready_fd, reader->stop_fd,
				       reader->map_fd}[i];

		if (fd >= 0)
			close(fd);
	}
	free(reader);
}

static const struct stream_kind perf_kind = {
	.poll_fd = perf_poll_fd,
	.read = perf_read,
	.close = perf_close,
};

static struct perf_reader *reader_new(const struct map_info *info, unsigned count)
{
	union bpf_attr attr = {.map_id = info->id};
	struct perf_reader *reader =
		calloc(1, sizeof(*reader) + count * sizeof(reader->buffers[0]));

	if (!reader)
		return NULL;
	reader->stream.kind = &perf_kind;
	reader->count = count;
	reader->map_fd = kernel_bpf(BPF_MAP_GET_FD_BY_ID, &attr, ATTR_SIZE(open_flags));
	reader->preserve = info->map_flags & BPF_F_PRESERVE_ELEMS;
	reader->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	reader->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	reader->stop_fd = eventfd(0, EFD_CLOEXEC);
	for (unsigned i = 0; i < count; i++)
		reader->buffers[i].fd = -1;
	return reader;
}

int perf_reader_open(struct handle *map, const struct map_info *info, struct stream **stream)
{
	unsigned cpus = map->backend->possible_cpus;
	struct perf_reader *reader =
		reader_new(info, info->max_entries < cpus ? info->max_entries : cpus);
	int error = 0;

	if (!reader)
		return -ENOMEM;
	if (reader->map_fd < 0)
		error = reader->map_fd;
	else if (reader->epoll_fd < 0 || reader->ready_fd < 0 || reader->stop_fd < 0)
		error = -EMFILE;
	for (unsigned cpu = 0; !error && cpu < reader->count; cpu++)
		error = buffer_open(&reader->buffers[cpu], reader->map_fd, cpu);
	if (!error)
		error = watcher_start(reader);
	if (error)
		perf_close(&reader->stream);
	else
		*stream = &reader->stream;
	return error;
}
