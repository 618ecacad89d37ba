// SPDX-License-Identifier: BSD-2-Clause
#include <bpfuse/interrupt.h>

#include <stddef.h>

static __thread struct {
	bool (*asked)(void *context);
	void *context;
} source;

void interrupt_ask(bool (*asked)(void *context), void *context)
{
	source.asked = asked;
	source.context = context;
}

bool interrupted(void)
{
	return source.asked && source.asked(source.context);
}
