// SPDX-License-Identifier: BSD-2-Clause
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <bpfuse/fault.h>

/* vsnprintf() cut a text that was too long: say so in its last three characters. */
static void fault_mark_cut(struct fault *fault, int length)
{
	if (length >= (int)sizeof(fault->text))
		memcpy(fault->text + sizeof(fault->text) - 4, "...", 4);
}

int fault_set(struct fault *fault, int error, const char *format, ...)
{
	va_list arguments;

	if (fault) {
		va_start(arguments, format);
		fault_mark_cut(fault,
			       vsnprintf(fault->text, sizeof(fault->text), format, arguments));
		va_end(arguments);
	}
	return -error;
}

void fault_prefix(struct fault *fault, const char *format, ...)
{
	char where[FAULT_TEXT_MAX], old[FAULT_TEXT_MAX];
	va_list arguments;

	if (!fault)
		return;
	va_start(arguments, format);
	vsnprintf(where, sizeof(where), format, arguments);
	va_end(arguments);
	memcpy(old, fault->text, sizeof(old));
	fault_mark_cut(fault, snprintf(fault->text, sizeof(fault->text), "%s: %s", where, old));
}
