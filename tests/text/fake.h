/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A backend of one map, one program and one device, for tests of the text codec: only what it
 * asks for answers. Not for threads.
 */
#ifndef BPFUSE_TESTS_TEXT_FAKE_H
#define BPFUSE_TESTS_TEXT_FAKE_H

#include <bpfuse/backend.h>
#include <bpfuse/codec.h>

struct fake {
	struct backend backend;
	struct handle map, other_map, prog, btf;
	struct map_info info; /* what map_info() of `map` says */
	const void *btf_data; /* raw BTF that btf_bytes() gives; NULL: none */
	size_t btf_length;
	struct map_spec created; /* what map_create() was last given */
	char inner_name[16];
	int open_handles;
};

enum { FAKE_MAP_ID = 42, FAKE_OTHER_MAP_ID = 43, FAKE_PROG_ID = 17, FAKE_IFINDEX = 7 };
enum { FAKE_PROG_FD = 101, FAKE_MAP_FD = 102, FAKE_OTHER_MAP_FD = 103, FAKE_BTF_FD = 104 };
#define FAKE_IFNAME "eth7"

void fake_init(struct fake *fake, uint32_t type, uint32_t key_size, uint32_t value_size);
/* Exits the test with a sentence if the codec cannot be opened. */
struct codec *fake_codec(struct fake *fake, const char *format);

/* The texts of a key or a value, in a buffer of the caller. */
const char *name_of(const struct codec *codec, const void *key, struct buffer *out);
const char *value_of(const struct codec *codec, const void *value, struct buffer *out);
/* Parses; 0 or -errno, the sentence in fault. */
int parse_value(const struct codec *codec, const char *text, void *value, struct fault *fault);

#endif
