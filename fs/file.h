/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files. What is read was rendered when the file was opened, or is produced as it is read;
 * what is written is checked and applied within the write(2) that brings it, so that its error
 * reaches the writer.
 *
 * The ring calls the operations of one file one at a time, under its lock (release, poll and
 * wait: without).
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include <pthread.h>
#include <bpfuse/buffer.h>
#include "node.h"
#include "object.h"

struct file {
	struct node *node;
	const struct file_ops *ops;
	int flags;	       /* open(2)'s */
	struct object *object; /* held; NULL where the file belongs to none */
	struct codec *codec;   /* of that map, where the operations want it */
	pthread_mutex_t lock;
	struct buffer text;    /* what is read */
	bool rendered;	       /* text is there */
	struct buffer staged;  /* written, but not yet complete */
	off_t end;	       /* behind the last byte written */
	bool refused;	       /* a piece was refused: the rest of it must not count as a whole */
	bool created;	       /* by the open(2) that made this file */
	bool restored;	       /* made anew by who removed it (removed.h) */
	uint64_t update_flags; /* BPF_ANY, BPF_NOEXIST or BPF_EXIST */
	mode_t umask;	       /* of who opened it */
	struct file *next;     /* files that are open for reading, newest first */
	atomic_bool unwritten; /* among those of created.h, whose are the next two */
	pid_t creator;
	struct file *next_created;
	void *state;		 /* of the operations */
	_Atomic uint32_t device; /* not 0: who has the lock may wait for this one */
	unsigned measured; /* by so many, under the list's lock; the last frees it if closed */
	bool closed;
};

struct fuse_pollhandle;

struct file_ops {
	int (*open)(struct request *request, struct file *file);
	/* What to give for these bytes; stays valid until the next operation on the file. */
	int (*read)(struct request *request, struct file *file, off_t offset, size_t size,
		    const char **data, size_t *length);
	/* Instead of read: answers the request itself, now or later, unless it returns -errno.
	 * flags are those that the file has now (O_NONBLOCK). */
	int (*wait)(struct request *request, struct file *file, size_t size, int flags);
	/* All of it or -errno. */
	int (*write)(struct request *request, struct file *file, const char *data, size_t length,
		     off_t offset);
	int (*flush)(struct request *request, struct file *file);
	/* poll(2): which of POLLIN, POLLOUT are true; keeps or destroys the handle. */
	int (*poll)(struct request *request, struct file *file, struct fuse_pollhandle *handle,
		    unsigned *events);
	void (*release)(struct filesystem *fs, struct file *file);
	bool stream; /* has no positions */
};

/* For kinds with render and accept. */
extern const struct file_ops rendered_file_ops;

/*
 * NULL: no memory. The file keeps a reference on its node. open(O_CREAT) knows the node only
 * later: node is NULL then, and file_set_node() takes over the caller's reference.
 */
struct file *file_new(struct filesystem *fs, struct node *node, int flags);
void file_set_node(struct file *file, struct node *node);
void file_free(struct filesystem *fs, struct file *file);

/* The file that a request comes with. */
static inline struct file *file_of(const struct fuse_file_info *info)
{
	return (struct file *)(uintptr_t)info->fh;
}
static inline bool file_reads(const struct file *file)
{
	return (file->flags & O_ACCMODE) != O_WRONLY;
}
static inline bool file_writes(const struct file *file)
{
	return (file->flags & O_ACCMODE) != O_RDONLY;
}

/* Holds the object of the file's node, and gets its codec. */
int file_hold_object(struct request *request, struct file *file);
int file_hold_map(struct request *request, struct file *file);
/*
 * Files that are costly to measure (KIND_LAZY_SIZE) are known while they are open for reading, so
 * that stat(2) tells the length of the text that the newest reader gets. `measure` is called with
 * that file, locked; -ENOENT: nobody has it open.
 */
void file_list_add(struct file *file);
int file_list_measure(struct request *request, struct node *node,
		      int (*measure)(struct file *file, void *context), void *context);
/*
 * The file's lock, for a request. No worker waits for who has it and waits for a device:
 * -EINPROGRESS as of lane_enter().
 */
int file_lock(struct request *request, struct file *file);
/* Serves file->text. */
void file_read_text(const struct file *file, off_t offset, size_t size, const char **data,
		    size_t *length);
/* The text of a file without white space around it; returns its length. */
size_t text_trim(const char **text, size_t length);
/* Whether a write is "1": what switches (clear, frozen, detach) take. */
int text_is_one(struct request *request, const char *text, size_t length);

#endif
