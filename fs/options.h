/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line (bpfuse(8), OPTIONS), parsed. */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 314
#endif
#include <fuse_opt.h>
#include <bpfuse/fault.h>

#define TIMEOUT_NOT_GIVEN (-__DBL_MAX__)
#define THREADS_MAX 1024u

struct options {
	char *source;
	char *mountpoint;     /* as given; main.c resolves it */
	char *formats;	      /* a file, or NULL */
	char *keys;	      /* "auto" or "hex", or NULL */
	double timeout;	      /* seconds that existence and size may be cached */
	unsigned max_threads; /* 0: by the number of CPUs */
	int foreground, debug, single_thread;
	int read_only, read_write;
	int allow_other;
	int default_permissions;
	int streams;
	int help, version;
};

/* -EINVAL and a sentence. What is left in `args` is for libfuse. */
int options_parse(struct options *options, struct fuse_args *args, struct fault *fault);
void options_free(struct options *options);
void options_usage(void);

#endif
