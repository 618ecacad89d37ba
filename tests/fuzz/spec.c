// SPDX-License-Identifier: BSD-2-Clause
/* SPEC words: a map is made or an object opened, or a sentence says why not. */
#include <stdlib.h>
#include <linux/bpf.h>
#include <bpfuse/spec.h>
#include "../text/fake.h"
#include "codec_subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault fault = FAULT_INIT;
	struct handle *handle;
	char *format = NULL;
	struct fake fake;

	fake_init(&fake, BPF_MAP_TYPE_HASH, 4, 4);
	if (spec_open(&fake.backend, (const char *)data, size, &handle, &format, NULL, &fault) == 0)
		handle_close(handle);
	else if (!fault.text[0])
		subject_differs("an error without a sentence", "", "");
	free(format);
	if (fake.open_handles)
		subject_differs("a handle is left open", "", "");
	return 0;
}
