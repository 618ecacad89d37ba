/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory that a snapshot is written to: made under a temporary name beside the wanted one
 * and renamed at the end, so that it appears complete or not at all. What runs to the same name
 * that were killed left beside it, the next one removes.
 *
 * Functions return 0 or -errno with a sentence in fault.
 */
#ifndef IMAGE_OUTPUT_H
#define IMAGE_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <bpfuse/fault.h>

struct output {
	int parent;	 /* of both names */
	int fd;		 /* the temporary directory */
	char *name;	 /* wanted, in parent */
	char *temporary; /* in parent */
	bool replace, committed;
};

/*
 * `directory` must not exist, be empty, or (replace) hold nothing but a snapshot's files. On
 * failure, too, output_close() is called.
 */
int output_open(const char *directory, bool replace, struct output *output, struct fault *fault);
/*
 * A name beside `directory` (malloc'ed) for a snapshot that is there in passing: left by a kill, it
 * is removed by the next output_open() of the directory.
 */
int output_beside(const char *directory, char **path, struct fault *fault);
/* Gives the directory, whose files are synced, the wanted name. */
int output_commit(struct output *output, struct fault *fault);
/* Without output_commit() before, removes the directory and what was written to it. */
void output_close(struct output *output);

/*
 * The directory that `given` is or would be in, opened, and its name there (malloc'ed); symlinks
 * are followed. 0 or -errno; the caller releases both, also then.
 */
int output_split(const char *given, int *parent, char **name);
/* What the names of temporary things beside `name` begin with; the text of owner.h follows. */
void output_temporary_prefix(const char *name, char prefix[NAME_MAX]);

/*
 * Gives what is called `temporary` the name, or (exchange) each the other's, so that it is on disk.
 * 0, or -errno and nothing has changed.
 */
int output_place(int parent, const char *temporary, const char *name, bool exchange);

/* Removes a directory that holds nothing but a snapshot's files, or what is left of them. */
int output_remove(int parent, const char *name);

#endif
