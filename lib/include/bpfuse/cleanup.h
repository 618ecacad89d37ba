/* SPDX-License-Identifier: BSD-2-Clause */
/* Scope cleanup: ownership that a reader can see where the variable is declared. */
#ifndef BPFUSE_CLEANUP_H
#define BPFUSE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose_(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define cleanup_free __attribute__((cleanup(cleanup_free_)))
#define cleanup_close __attribute__((cleanup(cleanup_close_)))
#define cleanup_fclose __attribute__((cleanup(cleanup_fclose_)))
/* Any `void f(struct x **)`. clang calls a variable that does nothing but own unused. */
#define cleanup_with(function) __attribute__((cleanup(function), unused))

/* Hands ownership over: the variable no longer owns what it held. */
#define move_ptr(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) moved_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		moved_;                                                                            \
	})
#define move_fd(fd)                                                                                \
	({                                                                                         \
		int moved_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		moved_;                                                                            \
	})

#endif
