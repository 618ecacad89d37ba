/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .map/entries, entries.json, entries.bin: all elements in one file.
 *
 * Reading streams: the map is walked as the file is read. What was produced is kept up to
 * BULK_KEEP bytes, so that a reader may seek, and so that stat(2) of a file that is open tells
 * the length of what that reader gets. Of larger texts only a window is kept; a reader who goes
 * back behind it gets EINVAL, except to the start, where a new walk begins.
 *
 * Writing is in bulk_write.c.
 */
#ifndef FS_BULK_H
#define FS_BULK_H

#include "file.h"
#include "node.h"

extern const struct node_kind kind_entries, kind_entries_json, kind_entries_bin;

struct bulk_format;
/* State of scanning entries.json between writes. */
enum json_phase { JSON_START, JSON_ELEMENT_OR_END, JSON_ELEMENT, JSON_COMMA_OR_END, JSON_DONE };

/* Elements that were parsed and wait for the rest of their write(2) to be parsed too. */
struct batch {
	struct buffer keys, values;
	struct buffer handles; /* struct handle *: what the values' fd numbers refer to */
	uint32_t count;
};

struct bulk {
	const struct bulk_format *format;
	struct batch batch;
	bool cut;    /* the last request may have been a part of a write(2) */
	int refusal; /* errno; of a write(2) that was cut the kernel tells only the length taken */
	struct walk_ahead *walk;
	uint64_t base;	 /* where file->text begins */
	uint64_t digest; /* of all that was produced */
	bool started, ended;
	bool separate; /* an element was printed: the next needs a separator */
	enum json_phase phase;
};

/* What makes one of the three files. */
struct bulk_format {
	const char *begin, *separator, *end;
	int (*print)(const struct codec *codec, const void *key, const void *value,
		     struct buffer *text);
	/* Splits what came into elements; returns the bytes used, or -errno. */
	ssize_t (*parse)(struct request *request, struct file *file, struct batch *batch,
			 const char *data, size_t length);
	/* What waited until close(2): text of `length` bytes. */
	int (*finish)(struct request *request, struct file *file, struct batch *batch,
		      const char *data, size_t length);
};

int bulk_write(struct request *request, struct file *file, const char *data, size_t length,
	       off_t offset);
int bulk_flush(struct request *request, struct file *file);
/* Forgets what waits: it is not applied. */
void batch_drop(struct batch *batch);

ssize_t bulk_parse_lines(struct request *request, struct file *file, struct batch *batch,
			 const char *data, size_t length);
int bulk_finish_line(struct request *request, struct file *file, struct batch *batch,
		     const char *data, size_t length);
ssize_t bulk_parse_json(struct request *request, struct file *file, struct batch *batch,
			const char *data, size_t length);
int bulk_finish_json(struct request *request, struct file *file, struct batch *batch,
		     const char *data, size_t length);
ssize_t bulk_parse_bin(struct request *request, struct file *file, struct batch *batch,
		       const char *data, size_t length);
int bulk_finish_bin(struct request *request, struct file *file, struct batch *batch,
		    const char *data, size_t length);

#endif
