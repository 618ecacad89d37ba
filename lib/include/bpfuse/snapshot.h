/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots of maps, pins and device bindings (bpfsnap(8)): taken from and put back into any
 * backend.
 *
 * A snapshot is a directory: images in CRIU's format with every map and its elements, and
 * manifest.json with what CRIU has no place for, sealed by SHA256SUMS. Functions return 0 or
 * -errno with a sentence in fault. What could not be taken or put back is told in a report, which
 * the caller gets and frees on failure too.
 * One thread at a time may use one snapshot.
 */
#ifndef BPFUSE_SNAPSHOT_H
#define BPFUSE_SNAPSHOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>

#pragma GCC visibility push(default)

/* Called now and then with the elements done, and how many there may be (0: unknown). */
struct snapshot_progress {
	/*
	 * Anything but 0 ends the operation with -ECANCELED; what was begun is undone. Both numbers
	 * are 0 while no elements are counted. NULL: nobody is told.
	 */
	int (*report)(void *context, const char *what, uint64_t done, uint64_t total);
	void *context;
};

/*
 * What happened, for the user: "omitted": [{"what","why"}], "notes": [{"what","why"}], and
 * members of the operation's own. Free with json_decref().
 */
typedef json_t snapshot_report;
/* Number of entries of "omitted". */
size_t snapshot_report_omissions(const snapshot_report *report);

/* --- dump --- */

/* One PATH of a dump: where it is in the backend's tree, and the name it gets in the snapshot. */
struct snapshot_source {
	const char *path; /* "" is the root */
	const char *name;
};

struct snapshot_dump_options {
	const char *label;    /* free text; NULL: none */
	const char *base;     /* incremental: a snapshot; only what differs from it is stored */
	const char *state;    /* directory for journals; NULL: the usual one */
	bool criu;	      /* files.img too */
	bool queues;	      /* take queues and stacks out and put them back */
	bool verify;	      /* a second pass over each map: exact if nothing changed between */
	bool drain;	      /* take each element out of its map, exactly once */
	bool replace;	      /* a snapshot of that name is there: replace it */
	uint64_t entry_bytes; /* split a map's data beyond this; 0: 1 GiB */
	/*
	 * Called with the complete snapshot before elements that were taken out (drain) are given
	 * up, by who needs it elsewhere than in `directory`; anything but 0 fails the dump. NULL:
	 * none.
	 */
	int (*deliver)(void *context, const char *directory, struct fault *fault);
	void *deliver_context;
	struct snapshot_progress progress;
};

/* The usual one of root; others have $XDG_RUNTIME_DIR/bpfsnap or /tmp/bpfsnap-state-UID. */
#define SNAPSHOT_STATE "/run/bpfsnap"

/*
 * `directory` must not exist or be empty, unless `replace` says that it is a snapshot that may go;
 * it appears complete or not at all.
 */
int snapshot_dump(struct backend *backend, const struct snapshot_source *sources, size_t count,
		  const char *directory, const struct snapshot_dump_options *options,
		  snapshot_report **report, struct fault *fault);

/* --- an existing snapshot --- */

struct image;

enum snapshot_check {
	SNAPSHOT_HEADS,	   /* sums, structure and sizes; enough to show it */
	SNAPSHOT_ELEMENTS, /* every element as well */
};

/*
 * Opens and checks it: truncated, damaged, contradictory and unknown newer ones are refused, and
 * nothing is created. An incremental one is completed from its base, which may be incremental
 * itself: `bases` (NULL at the end, may be NULL) are directories where those may be, else they are
 * looked for where they were. With SNAPSHOT_HEADS it is completed only if there are any.
 * `progress` may be NULL; it is not kept.
 */
int snapshot_open(const char *directory, const char *const *bases, enum snapshot_check check,
		  const struct snapshot_progress *progress, struct image **image,
		  struct fault *fault);
void snapshot_close(struct image *image);
void snapshot_closep(struct image **image);

/* Everything but the elements, as JSON; the caller's own. */
json_t *snapshot_describe(struct image *image);

/* --- restore --- */

/* Per-CPU values on a machine with another number of possible CPUs. */
enum snapshot_cpus {
	SNAPSHOT_CPUS_MATCH, /* refused (an omission with `partial`) */
	SNAPSHOT_CPUS_COPY,  /* CPU by CPU; more CPUs here get zeros, values of fewer are dropped */
	SNAPSHOT_CPUS_SUM,   /* added up as integers into the first CPU's value, others zero */
};

struct snapshot_restore_options {
	bool partial;  /* go on without what cannot be restored */
	bool replace;  /* existing pins give way */
	bool in_place; /* refill the maps that are pinned there already */
	bool dry_run;  /* only say what would be done */
	bool as_root;  /* change the tree as uid 0, which only an emulated one allows everybody */
	enum snapshot_cpus cpus;
	const char *state; /* directory for journals; NULL: the usual one */
	struct snapshot_progress progress;
};

/*
 * Puts the snapshot's tree below `target` ("": the root of the tree). All or nothing: on failure
 * the tree is as it was. The report tells what was left out, also when -EOPNOTSUPP says that
 * something cannot be restored and `partial` was not given.
 */
int snapshot_restore(struct image *image, struct backend *backend, const char *target,
		     const struct snapshot_restore_options *options, snapshot_report **report,
		     struct fault *fault);

/*
 * Finishes or removes what runs that were killed left: journals in `state`, staging directories
 * below `target` (NULL: none). `notes` gets an entry for each; may be NULL.
 */
int snapshot_recover(struct backend *backend, const char *target, const char *state, json_t *notes,
		     struct fault *fault);

/* --- comparing and converting --- */

/*
 * Calls print for each difference, a line of text each; *different is set to whether there was
 * one. Maps are matched by their pin, others by name; elements are told by typed key.
 */
struct snapshot_diff_options {
	bool json;  /* lines are JSON objects */
	bool brief; /* maps and pins only, no elements */
	int (*print)(void *context, const char *line);
	void *context;
};
int snapshot_diff(struct image *from, struct image *to, const struct snapshot_diff_options *options,
		  bool *different, struct fault *fault);

enum snapshot_export {
	SNAPSHOT_EXPORT_OURS,	 /* {"NAME":{...,"elements":[{"key":K,"value":V}]}} */
	SNAPSHOT_EXPORT_BPFTOOL, /* {"NAME":[what `bpftool -j map dump` prints]} */
};
/* `map`: only that one, by pin path, name or id, and without the object around it. */
int snapshot_export(struct image *image, enum snapshot_export shape, const char *map, FILE *out,
		    struct fault *fault);

/* --- streams: a snapshot as one tar file --- */

/*
 * A directory of this process's own in $TMPDIR, to unpack a stream or to make what is packed;
 * those that killed processes of this user left there are removed.
 */
struct snapshot_scratch {
	char path[PATH_MAX]; /* in another one, so that what is made beside it goes with it */
};
int snapshot_scratch_make(struct snapshot_scratch *scratch, struct fault *fault);
void snapshot_scratch_remove(const struct snapshot_scratch *scratch);

/*
 * To `fd`, which need not be seekable and stays open. `progress`, here and below, may be NULL; it
 * is also asked when a signal interrupts what waits.
 */
int snapshot_pack(const char *directory, int fd, const struct snapshot_progress *progress,
		  struct fault *fault);
/* Into a file, which is on disk then; one that is there stays until the new one is complete. */
int snapshot_pack_file(const char *directory, const char *file,
		       const struct snapshot_progress *progress, struct fault *fault);
/*
 * Into a directory that is there and empty; only the files a snapshot has, each once, are
 * accepted. What was unpacked before a failure stays there, for the caller to remove.
 */
int snapshot_unpack(int fd, const char *directory, const struct snapshot_progress *progress,
		    struct fault *fault);

/* --- a snapshot as a backend --- */

/*
 * image:DIR: the snapshot loaded into an emulated backend, read-only unless options say
 * read_write. What cannot be put there (references to programs) is left out.
 */
int snapshot_mount(const char *directory, const struct backend_options *options,
		   struct backend **backend, struct fault *fault);

/*
 * The backend that `path` is in, which is opened: a bpffs, or a mount of bpfuse. *inside is the
 * path in its tree (malloc'ed), *name the last component as a snapshot records it (malloc'ed).
 */
int snapshot_locate(const char *path, struct backend **backend, char **inside, char **name,
		    struct fault *fault);

#pragma GCC visibility pop

#endif
