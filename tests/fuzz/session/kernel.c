// SPDX-License-Identifier: BSD-2-Clause
#include "kernel.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PATIENCE 5 /* seconds until a request must be answered that has nothing to wait for */

/* The finding. */
#define REFUSE(...)                                                                                \
	do {                                                                                       \
		fprintf(stderr, "the kernel refuses: " __VA_ARGS__);                               \
		fputc('\n', stderr);                                                               \
		abort();                                                                           \
	} while (0)

void kernel_init(struct kernel *kernel)
{
	memset(kernel, 0, sizeof(*kernel));
	pthread_mutex_init(&kernel->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&kernel->answered, &monotonic);
	pthread_condattr_destroy(&monotonic);
	kernel->nodes[0] = (struct known_node){
		.id = FUSE_ROOT_ID,
		.lookups = 1,
		.type = S_IFDIR,
	};
	kernel->node_count = 1;
	kernel->trace = getenv("FUZZ_TRACE") != NULL;
}

void kernel_destroy(struct kernel *kernel)
{
	pthread_mutex_destroy(&kernel->lock);
	pthread_cond_destroy(&kernel->answered);
}

/* --- requests --- */

struct pending *kernel_expect(struct kernel *kernel, uint32_t opcode, uint64_t nodeid,
			      struct known_handle *handle)
{
	/* Those that may wait leave room for those that end them. */
	unsigned slots = opcode == FUSE_READ ? KERNEL_PENDING / 2 : KERNEL_PENDING;
	struct pending *free_slot = NULL;
	pthread_mutex_lock(&kernel->lock);
	for (unsigned i = 0; i < slots && !free_slot; i++)
		if (!kernel->pending[i].unique)
			free_slot = &kernel->pending[i];
	kernel->next_unique += 2; /* odd ones are the interrupts' */
	if (free_slot)
		*free_slot = (struct pending){
			.unique = kernel->next_unique,
			.opcode = opcode,
			.nodeid = nodeid,
			.handle = handle,
		};
	pthread_mutex_unlock(&kernel->lock);
	return free_slot;
}

bool kernel_unanswered(struct kernel *kernel, const struct known_handle *handle,
		       struct pending *pending)
{
	bool found = false;
	pthread_mutex_lock(&kernel->lock);
	for (unsigned i = 0; i < KERNEL_PENDING && !found; i++) {
		const struct pending *candidate = &kernel->pending[i];
		if (!candidate->unique || (handle && candidate->handle != handle))
			continue;
		*pending = *candidate;
		found = true;
	}
	pthread_mutex_unlock(&kernel->lock);
	return found;
}

static struct pending *find_pending(struct kernel *kernel, uint64_t unique)
{
	for (unsigned i = 0; i < KERNEL_PENDING; i++)
		if (kernel->pending[i].unique == unique)
			return &kernel->pending[i];
	return NULL;
}

/* Waits until there is none of those that `wanted` says. */
static void await(struct kernel *kernel,
		  const struct pending *(*wanted)(struct kernel *kernel, uint64_t unique),
		  uint64_t unique)
{
	const struct pending *left;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE;
	pthread_mutex_lock(&kernel->lock);
	while ((left = wanted(kernel, unique)))
		if (pthread_cond_timedwait(&kernel->answered, &kernel->lock, &until))
			REFUSE("request %llu is not answered", (unsigned long long)left->unique);
	pthread_mutex_unlock(&kernel->lock);
}

static const struct pending *this_one(struct kernel *kernel, uint64_t unique)
{
	return find_pending(kernel, unique);
}

static const struct pending *any_but_reads(struct kernel *kernel, uint64_t unique)
{
	for (unsigned i = 0; i < KERNEL_PENDING; i++)
		if (kernel->pending[i].unique && kernel->pending[i].opcode != FUSE_READ)
			return &kernel->pending[i];
	return NULL;
}

void kernel_await(struct kernel *kernel, uint64_t unique)
{
	await(kernel, this_one, unique);
}

void kernel_settle(struct kernel *kernel)
{
	await(kernel, any_but_reads, 0);
}

void kernel_forget(struct kernel *kernel, struct known_node *node, uint64_t count)
{
	pthread_mutex_lock(&kernel->lock);
	node->lookups -= count;
	if (!node->lookups && kernel->newest == node)
		kernel->newest = NULL;
	pthread_mutex_unlock(&kernel->lock);
}

/* Under the lock. */
static struct known_node *find_node(struct kernel *kernel, uint64_t id)
{
	for (unsigned i = 0; i < kernel->node_count; i++)
		if (kernel->nodes[i].lookups && kernel->nodes[i].id == id)
			return &kernel->nodes[i];
	return NULL;
}

void kernel_release(struct kernel *kernel, struct known_handle *handle)
{
	pthread_mutex_lock(&kernel->lock);
	struct known_node *node = find_node(kernel, handle->nodeid);
	if (node)
		node->opened--;
	handle->open = false;
	pthread_mutex_unlock(&kernel->lock);
}

static struct known_handle *handle_slot(struct kernel *kernel)
{
	for (unsigned i = 0; i < KERNEL_HANDLES; i++)
		if (!kernel->handles[i].open)
			return &kernel->handles[i];
	return NULL;
}

bool kernel_may_open(struct kernel *kernel)
{
	pthread_mutex_lock(&kernel->lock);
	bool may = handle_slot(kernel) != NULL;
	pthread_mutex_unlock(&kernel->lock);
	return may;
}

/* --- what replies tell; all under the lock --- */

static void check_attr(struct kernel *kernel, const struct fuse_attr *attr)
{
	uint32_t type = attr->mode & S_IFMT;
	if (type != S_IFDIR && type != S_IFREG && type != S_IFLNK)
		REFUSE("mode %o", attr->mode);
	if (attr->size > LLONG_MAX)
		REFUSE("size %llu", (unsigned long long)attr->size);
}

static struct known_node *node_slot(struct kernel *kernel)
{
	if (kernel->node_count < KERNEL_NODES)
		return &kernel->nodes[kernel->node_count++];
	for (unsigned i = 1; i < KERNEL_NODES; i++)
		if (!kernel->nodes[i].lookups)
			return &kernel->nodes[i];
	return NULL;
}

/* What does not fit is never asked for again, and never forgotten. */
static void learn(struct kernel *kernel, const struct fuse_entry_out *entry, const char *name)
{
	if (!entry->nodeid || entry->nodeid == FUSE_ROOT_ID)
		REFUSE("nodeid %llu for %s", (unsigned long long)entry->nodeid, name);
	check_attr(kernel, &entry->attr);
	uint32_t type = entry->attr.mode & S_IFMT;
	struct known_node *node = find_node(kernel, entry->nodeid);
	if (node && (node->generation != entry->generation || node->type != type))
		REFUSE("a nodeid that is in use stands for another thing: %s", name);
	if (!node) {
		node = node_slot(kernel);
		if (!node)
			return;
		*node = (struct known_node){
			.id = entry->nodeid,
			.generation = entry->generation,
			.type = type,
		};
	}
	node->lookups++;
	snprintf(node->name, sizeof(node->name), "%s", name);
	kernel->newest = node;
}

static void opened(struct kernel *kernel, const struct pending *request, uint64_t nodeid,
		   const struct fuse_open_out *open)
{
	struct known_handle *handle = handle_slot(kernel);
	struct known_node *node = find_node(kernel, nodeid);
	*handle = (struct known_handle){
		.fh = open->fh,
		.nodeid = nodeid,
		.open = true,
		.directory = request->opcode == FUSE_OPENDIR,
	};
	if (node)
		node->opened++;
	if (kernel->handle_count <= (unsigned)(handle - kernel->handles))
		kernel->handle_count = (unsigned)(handle - kernel->handles) + 1;
}

static void took_entry(struct kernel *kernel, const struct pending *request, const void *body,
		       size_t length)
{
	const struct fuse_entry_out *entry = body;
	uint32_t type = entry->attr.mode & S_IFMT;
	/* create_new_entry() and fuse_create_open() */
	if ((request->opcode == FUSE_MKDIR && type != S_IFDIR) ||
	    (request->opcode == FUSE_SYMLINK && type != S_IFLNK) ||
	    (request->opcode == FUSE_CREATE && type != S_IFREG) ||
	    (request->opcode == FUSE_MKNOD && type != request->type))
		REFUSE("opcode %u made %s with mode %o", request->opcode, request->name,
		       entry->attr.mode);
	/* A name that may be remembered as missing (fuse_lookup_name()). */
	if (!entry->nodeid && request->opcode == FUSE_LOOKUP)
		return;
	learn(kernel, entry, request->name);
	if (request->opcode == FUSE_CREATE)
		opened(kernel, request, entry->nodeid, (const struct fuse_open_out *)(entry + 1));
}

static void took_attr(struct kernel *kernel, const struct pending *request, const void *body,
		      size_t length)
{
	const struct fuse_attr_out *out = body;
	const struct known_node *node = find_node(kernel, request->nodeid);
	check_attr(kernel, &out->attr);
	if (node && node->type != (out->attr.mode & S_IFMT))
		REFUSE("%s changed its type", node->name);
}

static void took_open(struct kernel *kernel, const struct pending *request, const void *body,
		      size_t length)
{
	opened(kernel, request, request->nodeid, body);
}

static void took_write(struct kernel *kernel, const struct pending *request, const void *body,
		       size_t length)
{
	const struct fuse_write_out *out = body;
	if (out->size > request->size)
		REFUSE("%u bytes written of %u", out->size, request->size);
}

static void remember_name(struct kernel *kernel, const char *name, size_t length)
{
	char *slot = kernel->names[kernel->name_count++ % KERNEL_NAMES];
	if (!length || memchr(name, '/', length))
		REFUSE("the name \"%.*s\"", (int)length, name);
	if (length >= KERNEL_NAME_MAX)
		length = KERNEL_NAME_MAX - 1;
	memcpy(slot, name, length);
	slot[length] = '\0';
}

/* parse_dirfile() and parse_dirplusfile() */
static void took_listing(struct kernel *kernel, const struct pending *request, const void *body,
			 size_t length)
{
	bool plus = request->opcode == FUSE_READDIRPLUS;
	size_t head = plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET;
	const char *bytes = body;
	while (length) {
		if (length < head)
			REFUSE("half an entry of a listing");
		const struct fuse_dirent *dirent =
			plus ? &((const struct fuse_direntplus *)bytes)->dirent
			     : (const struct fuse_dirent *)bytes;
		size_t size = FUSE_DIRENT_ALIGN(head + dirent->namelen);
		if (size > length)
			REFUSE("half a name of a listing");
		remember_name(kernel, dirent->name, dirent->namelen);
		const char *name = kernel->names[(kernel->name_count - 1) % KERNEL_NAMES];
		bool dots = !strcmp(name, ".") || !strcmp(name, "..");
		if (plus && !dots && ((const struct fuse_direntplus *)bytes)->entry_out.nodeid)
			learn(kernel, &((const struct fuse_direntplus *)bytes)->entry_out, name);
		bytes += size;
		length -= size;
	}
}

static void took_link(struct kernel *kernel, const struct pending *request, const void *body,
		      size_t length)
{
	if (!length || length >= PATH_MAX)
		REFUSE("a target of %zu bytes", length);
}

struct reply_kind {
	size_t length;
	bool variable; /* `length` is the least */
	void (*took)(struct kernel *kernel, const struct pending *request, const void *body,
		     size_t length);
};

static const struct reply_kind reply_kinds[] = {
	[FUSE_LOOKUP] = {sizeof(struct fuse_entry_out), false, took_entry},
	[FUSE_SYMLINK] = {sizeof(struct fuse_entry_out), false, took_entry},
	[FUSE_MKNOD] = {sizeof(struct fuse_entry_out), false, took_entry},
	[FUSE_MKDIR] = {sizeof(struct fuse_entry_out), false, took_entry},
	[FUSE_LINK] = {sizeof(struct fuse_entry_out), false, took_entry},
	[FUSE_CREATE] = {sizeof(struct fuse_entry_out) + sizeof(struct fuse_open_out), false,
			 took_entry},
	[FUSE_GETATTR] = {sizeof(struct fuse_attr_out), false, took_attr},
	[FUSE_SETATTR] = {sizeof(struct fuse_attr_out), false, took_attr},
	[FUSE_OPEN] = {sizeof(struct fuse_open_out), false, took_open},
	[FUSE_OPENDIR] = {sizeof(struct fuse_open_out), false, took_open},
	[FUSE_WRITE] = {sizeof(struct fuse_write_out), false, took_write},
	[FUSE_STATFS] = {sizeof(struct fuse_statfs_out), false, NULL},
	[FUSE_POLL] = {sizeof(struct fuse_poll_out), false, NULL},
	[FUSE_INIT] = {24, true, NULL},
	[FUSE_READ] = {0, true, NULL},
	[FUSE_READDIR] = {0, true, took_listing},
	[FUSE_READDIRPLUS] = {0, true, took_listing},
	[FUSE_READLINK] = {0, true, took_link},
	[FUSE_COPY_FILE_RANGE] = {0, false, NULL},
};
#define REPLY_KINDS (sizeof(reply_kinds) / sizeof(reply_kinds[0]))

static void take_reply(struct kernel *kernel, const struct pending *request,
		       const struct fuse_out_header *header)
{
	static const struct reply_kind empty;
	const struct reply_kind *kind =
		request->opcode < REPLY_KINDS ? &reply_kinds[request->opcode] : &empty;
	size_t length = header->len - sizeof(*header);
	if (kernel->trace)
		fprintf(stderr, "  %llu: %s, %zu bytes\n", (unsigned long long)request->unique,
			header->error ? strerrorname_np(-header->error) : "0", length);
	/* fuse_dev_do_write() */
	if (header->error > 0 || header->error <= -512)
		REFUSE("error %d", header->error);
	if (header->error) {
		if (length)
			REFUSE("%zu bytes behind an error", length);
		if (request->opcode == FUSE_LOOKUP)
			kernel->newest = NULL;
		return;
	}
	if (kind->variable ? length < kind->length : length != kind->length)
		REFUSE("%zu bytes in reply to opcode %u", length, request->opcode);
	if (request->size && request->opcode != FUSE_WRITE && length > request->size)
		REFUSE("%zu bytes in reply to a read of %u", length, request->size);
	if (kind->took)
		kind->took(kernel, request, header + 1, length);
}

/* The answer to an INTERRUPT: the request was not found; perhaps its answer overtook us. */
static bool is_interrupt(const struct fuse_out_header *header)
{
	return header->unique & 1 && (header->error == -EAGAIN || header->error == -ENOSYS);
}

static void take_message(struct kernel *kernel, const struct fuse_out_header *header, size_t length)
{
	if (length < sizeof(*header) || header->len != length)
		REFUSE("a message of %zu bytes", length);
	if (!header->unique || is_interrupt(header))
		return; /* a notification; its code is in the place of the error */
	struct pending *pending = find_pending(kernel, header->unique);
	if (!pending)
		REFUSE("an answer to nobody, or a second one");
	struct pending request = *pending;
	*pending = (struct pending){0};
	take_reply(kernel, &request, header);
	pthread_cond_broadcast(&kernel->answered);
}

ssize_t kernel_receive(struct kernel *kernel, const struct iovec *iov, int count)
{
	size_t length = 0;
	for (int i = 0; i < count; i++)
		length += iov[i].iov_len;
	char *bytes = malloc(length ? length : 1), *end = bytes;
	if (!bytes)
		abort();
	for (int i = 0; i < count; i++)
		end = (char *)mempcpy(end, iov[i].iov_base, iov[i].iov_len);
	pthread_mutex_lock(&kernel->lock);
	take_message(kernel, (const struct fuse_out_header *)bytes, length);
	pthread_mutex_unlock(&kernel->lock);
	free(bytes);
	return (ssize_t)length;
}
