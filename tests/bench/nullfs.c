// SPDX-License-Identifier: BSD-2-Clause
/*
 * bench-nullfs COUNT MOUNTPOINT: what FUSE itself costs.
 *
 * A directory `m` of COUNT keys, with the session, the flags and the timeouts of bpfuse (they
 * share fs/session.h) and constant answers: every value is "1\n", every write succeeds, and
 * whether a key exists is a bit in a table. What bpfuse needs above this is bpfuse's own.
 *
 * Runs in the foreground until it is unmounted or told to end.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include "fs/session.h"
#include "workload.h"

#define MAP_INODE 2
#define KEY_INODE_TAG (UINT64_C(1) << 33)
#define NAME_SIZE 12
#define ROOM_FOR_NEW_KEYS 1000000

static const char constant_value[] = "1\n";
static uint32_t key_count, bit_count;
static char (*names)[NAME_SIZE];
static atomic_ulong *present;
static struct timespec start_time;

static void set_present(uint32_t index, bool yes)
{
	unsigned long bit = 1ul << (index % (sizeof(long) * CHAR_BIT));
	atomic_ulong *word = &present[index / (sizeof(long) * CHAR_BIT)];

	if (yes)
		atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(word, ~bit, memory_order_relaxed);
}

static bool is_present(uint32_t index)
{
	return index < bit_count &&
	       atomic_load_explicit(&present[index / (sizeof(long) * CHAR_BIT)],
				    memory_order_relaxed) >>
			       (index % (sizeof(long) * CHAR_BIT)) &
		       1;
}

static void fill_stat(fuse_ino_t inode, struct stat *st)
{
	bool directory = inode == FUSE_ROOT_ID || inode == MAP_INODE;

	memset(st, 0, sizeof(*st));
	st->st_ino = inode;
	st->st_mode = directory ? S_IFDIR | 0700 : S_IFREG | 0600;
	st->st_nlink = directory ? 2 : 1;
	st->st_size = directory ? 0 : sizeof(constant_value) - 1;
	st->st_mtim = st->st_ctim = st->st_atim = start_time;
}

static void fill_entry(fuse_ino_t inode, struct fuse_entry_param *entry)
{
	memset(entry, 0, sizeof(*entry));
	entry->ino = inode;
	/* The name of a map, as that of a pin, is never kept. */
	entry->entry_timeout = inode == MAP_INODE ? 0 : SESSION_TIMEOUT;
	entry->attr_timeout = SESSION_TIMEOUT_MIN;
	fill_stat(inode, &entry->attr);
}

/* The inode of a name, or 0. */
static fuse_ino_t find_inode(fuse_ino_t parent, const char *name)
{
	uint32_t key;

	if (parent == FUSE_ROOT_ID)
		return strcmp(name, "m") ? 0 : MAP_INODE;
	key = strtoul(name, NULL, 10);
	return is_present(index_of(key)) ? KEY_INODE_TAG | key : 0;
}

static void null_init(void *data, struct fuse_conn_info *connection)
{
	(void)data;
	session_negotiate(connection);
}

static void null_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	fuse_ino_t inode = find_inode(parent, name);
	struct fuse_entry_param entry;

	if (!inode) {
		fuse_reply_err(request, ENOENT);
		return;
	}
	fill_entry(inode, &entry);
	fuse_reply_entry(request, &entry);
}

static void null_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
	struct stat st;

	(void)file;
	fill_stat(inode, &st);
	fuse_reply_attr(request, &st, SESSION_TIMEOUT_MIN);
}

static void null_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *attributes, int which,
			 struct fuse_file_info *file)
{
	(void)attributes;
	(void)which;
	null_getattr(request, inode, file);
}

static void null_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
	(void)inode;
	session_open_file(file);
	fuse_reply_open(request, file);
}

static void null_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
		      struct fuse_file_info *file)
{
	size_t length = sizeof(constant_value) - 1;

	(void)inode;
	(void)file;
	if ((size_t)offset >= length)
		fuse_reply_buf(request, NULL, 0);
	else
		fuse_reply_buf(request, constant_value + offset,
			       length - offset < size ? length - offset : size);
}

static void null_write(fuse_req_t request, fuse_ino_t inode, const char *bytes, size_t size,
		       off_t offset, struct fuse_file_info *file)
{
	(void)inode;
	(void)bytes;
	(void)offset;
	(void)file;
	fuse_reply_write(request, size);
}

static void null_flush(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
	(void)inode;
	(void)file;
	fuse_reply_err(request, 0);
}

static void null_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
			struct fuse_file_info *file)
{
	uint32_t key = strtoul(name, NULL, 10), index = index_of(key);
	struct fuse_entry_param entry;

	(void)mode;
	if (parent != MAP_INODE || index >= bit_count) {
		fuse_reply_err(request, EINVAL);
		return;
	}
	set_present(index, true);
	fill_entry(KEY_INODE_TAG | key, &entry);
	entry.entry_timeout = SESSION_TIMEOUT_CREATED;
	session_open_file(file);
	fuse_reply_create(request, &entry, file);
}

static void null_unlink(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	fuse_ino_t inode = find_inode(parent, name);

	if (inode)
		set_present(index_of((uint32_t)inode), false);
	fuse_reply_err(request, inode ? 0 : ENOENT);
}

/* One directory entry into the reply; 0 if it does not fit. */
static size_t add_entry(fuse_req_t request, char *reply, size_t room, const char *name,
			fuse_ino_t inode, off_t next, bool plus)
{
	struct fuse_entry_param entry;
	struct stat st = {.st_ino = inode, .st_mode = S_IFREG};
	size_t size;

	if (plus) {
		fill_entry(inode, &entry);
		size = fuse_add_direntry_plus(request, reply, room, name, &entry, next);
	} else {
		size = fuse_add_direntry(request, reply, room, name, &st, next);
	}
	return size <= room ? size : 0;
}

static void list_directory(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
			   bool plus)
{
	uint32_t end = inode == MAP_INODE ? key_count : 1;
	char *reply = must_allocate(size);
	size_t used = 0, added;

	for (uint32_t i = offset; i < end; i++, used += added) {
		fuse_ino_t child = MAP_INODE;
		const char *name = "m";

		if (inode == MAP_INODE) {
			child = KEY_INODE_TAG | key_at(i);
			name = names[i];
		}
		added = add_entry(request, reply + used, size - used, name, child, i + 1, plus);
		if (!added)
			break;
	}
	fuse_reply_buf(request, reply, used);
	free(reply);
}

static void null_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
			 struct fuse_file_info *file)
{
	(void)file;
	list_directory(request, inode, size, offset, false);
}

static void null_readdirplus(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
			     struct fuse_file_info *file)
{
	(void)file;
	list_directory(request, inode, size, offset, true);
}

static const struct fuse_lowlevel_ops null_operations = {
	.init = null_init,
	.lookup = null_lookup,
	.getattr = null_getattr,
	.setattr = null_setattr,
	.open = null_open,
	.read = null_read,
	.write = null_write,
	.flush = null_flush,
	.create = null_create,
	.unlink = null_unlink,
	.readdir = null_readdir,
	.readdirplus = null_readdirplus,
};

static void prepare_names(uint32_t count)
{
	key_count = count;
	bit_count = count + ROOM_FOR_NEW_KEYS;
	present = must_allocate(bit_count / CHAR_BIT + sizeof(*present));
	names = must_allocate((size_t)count * NAME_SIZE);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(names[i], NAME_SIZE, "%u", key_at(i));
		set_present(i, true);
	}
	clock_gettime(CLOCK_REALTIME, &start_time);
}

int main(int argc, char **argv)
{
	struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session;
	int result;

	if (argc != 3) {
		fputs("usage: bench-nullfs COUNT MOUNTPOINT\n", stderr);
		return 2;
	}
	if (fuse_opt_add_arg(&arguments, argv[0]) ||
	    fuse_opt_add_arg(&arguments, "-ofsname=nullfs,subtype=nullfs") ||
	    (session_checks_modes(false) && fuse_opt_add_arg(&arguments, "-odefault_permissions")))
		return 1;
	prepare_names(number_argument(argv[1]));
	session = fuse_session_new(&arguments, &null_operations, sizeof(null_operations), NULL);
	if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[2]) ||
	    session_complete_init(session))
		return 1;
	result = session_loop(session, 0, true);
	fuse_session_unmount(session);
	fuse_remove_signal_handlers(session);
	fuse_session_destroy(session);
	fuse_opt_free_args(&arguments);
	return result < 0;
}
