/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sentence that goes with an error number.
 *
 * Functions return 0 or -errno; whoever finds the fault also writes one sentence, for a person:
 * what was expected and what came. It ends in error.log (fs/) or on stderr (tools/). Every
 * `struct fault *` parameter may be NULL. The text has no final full stop and no newline.
 */
#ifndef BPFUSE_FAULT_H
#define BPFUSE_FAULT_H

#pragma GCC visibility push(default)

#define FAULT_TEXT_MAX 320

struct fault {
	char text[FAULT_TEXT_MAX]; /* NUL-terminated; cut with "..." where longer */
};

#define FAULT_INIT                                                                                 \
	{                                                                                          \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

/* Writes the sentence and returns -error, so that `return fault_set(fault, EINVAL, ...)` reads. */
int fault_set(struct fault *fault, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "where: " before the sentence that is there: a member, a line, a path. */
void fault_prefix(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#pragma GCC visibility pop

#endif
