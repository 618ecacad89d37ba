/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An operation that waits inside a backend (a device that answers late) can be given up: whoever
 * carries out operations for others says, for its own thread, how to ask whether the one it is at
 * is still wanted. What waits asks now and then, and answers -EINTR without having done anything.
 */
#ifndef BPFUSE_INTERRUPT_H
#define BPFUSE_INTERRUPT_H

#include <stdbool.h>

#pragma GCC visibility push(default)

/* For the calling thread, until the next call. asked NULL: nobody interrupts. */
void interrupt_ask(bool (*asked)(void *context), void *context);
/* Whether what the calling thread is at should be given up. */
bool interrupted(void);

/* How long a wait may last before it asks, in nanoseconds. */
#define INTERRUPT_PERIOD_NS 20000000

#pragma GCC visibility pop

#endif
