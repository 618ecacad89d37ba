/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SPEC: the words that create a map or name an object to pin (bpfuse(8)).
 *
 *   type=hash key=4 value=8 entries=1024 flags=no_prealloc name=flows
 *   map=42    prog=17    link=3    pinned=PATH
 * or a JSON object with the same names. Sizes are bytes or a type name of the codec (key=u32).
 * A type name also becomes the map's format, since it says how the bytes are meant.
 */
#ifndef BPFUSE_SPEC_H
#define BPFUSE_SPEC_H

#include <stddef.h>
#include <bpfuse/backend.h>
#include <bpfuse/fault.h>

#pragma GCC visibility push(default)

/*
 * What is asked before a map is made on a device (`ifindex`): that may take as long as the device
 * likes. -errno: not here and now, and nothing is made. NULL: always.
 */
struct spec_device_gate {
	int (*enter)(void *context, uint32_t ifindex);
	void *context;
};

/*
 * Makes or opens what the text says: *handle is owned by the caller, to be pinned. *format is a
 * malloc'ed format text if key= or value= were given as types, else NULL. Errors: -EINVAL with a
 * sentence for a bad text; else the backend's errno with a sentence.
 */
int spec_open(struct backend *backend, const char *text, size_t length, struct handle **handle,
	      char **format, const struct spec_device_gate *gate, struct fault *fault);

#pragma GCC visibility pop

#endif
