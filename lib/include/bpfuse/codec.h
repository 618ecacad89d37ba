/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one text codec: bytes of keys and values to text and back.
 *
 * A codec belongs to one map. It knows the types of its key and value, from the map's BTF, from
 * words of the user (`format`), or, without both, from the sizes alone. Bytes become a tree
 * (lib/text/tree.h), and the tree is printed as a key file name, as one line of JSON, or parsed
 * from either. What is printed parses back to the very same bytes; where a type cannot express
 * the bytes the hex form stands in: for the whole of a name, for the innermost named member of a
 * value. The grammar, how BTF is understood, and what may be written beside what is printed:
 * bpfuse-formats(5).
 *
 * A codec does not change once open and may be used by many threads at once. It holds no handle
 * on its map (but on one whose backend has map_parse_value(), a control map, which never goes
 * away); it uses the backend (to turn "pinned=PATH", ids and interface names into what the
 * map takes), which must outlive it.
 *
 * Functions return 0 or -errno: -ENOMEM anywhere, -EINVAL with a sentence for a text that does not
 * parse, and the backend's own where a name or an id of the text had to be looked up. Printing
 * appends to `out`. Names, notes and formats that are returned live as long as the codec.
 */
#ifndef BPFUSE_CODEC_H
#define BPFUSE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <bpfuse/backend.h>
#include <bpfuse/buffer.h>
#include <bpfuse/fault.h>

#pragma GCC visibility push(default)

struct codec;

struct codec_options {
	const char *format;  /* "key=TYPE value=TYPE", either may be left out; NULL: none */
	bool format_of_many; /* it was said of many maps: set aside where it does not fit */
	bool hex_keys;	     /* -o keys=hex: every key name is hex-... */
};

/*
 * options may be NULL. Reads the map's info and BTF. BTF that does not fit the map's sizes is
 * not an error: codec_note() says so and bytes are shown. A format that does not fit is, unless
 * it was said of many maps.
 * The result has one reference.
 */
int codec_open(struct handle *map, const struct codec_options *options, struct codec **codec,
	       struct fault *fault);
struct codec *codec_get(struct codec *codec);
void codec_put(struct codec *codec);
void codec_putp(struct codec **codec);

/* Whether these words could be the format of some map. -EINVAL and a sentence. */
int codec_check_format(const char *format, struct fault *fault);
/* Appends the format with what it leaves out, key= or value=, taken from an older one. */
int codec_complete_format(const char *format, const char *older, struct buffer *out,
			  struct fault *fault);
/* "key=u32 value=u64": how this codec reads and writes; what codec_options.format takes. */
const char *codec_format(const struct codec *codec);
/* Why BTF or the format was set aside, or NULL. */
const char *codec_note(const struct codec *codec);
/* The BTF value type holds a bpf_spin_lock: read and write with BPF_F_LOCK. */
bool codec_has_lock(const struct codec *codec);
/* Bytes of a key and of a value as the backend's calls take them. */
size_t codec_key_bytes(const struct codec *codec);
size_t codec_value_bytes(const struct codec *codec);

/* Longest name that is made; longer ones get the form "sha256-" and the sum of the full name. */
#define CODEC_NAME_MAX 255
#define CODEC_NAME_SHORT "sha256-"

/* A key as a file name of at most CODEC_NAME_MAX bytes. */
int codec_print_name(const struct codec *codec, const void *key, struct buffer *out);
/* The same without a limit: what entries shows; equal to the name unless that is a short form. */
int codec_print_full_name(const struct codec *codec, const void *key, struct buffer *out);
/*
 * A name back to key bytes. Takes names of any length, `0x..` for integers and `hex-..` for all.
 * -ESRCH and no sentence for a short form, which only a search through the map can resolve.
 */
int codec_parse_name(const struct codec *codec, const char *name, void *key, struct fault *fault);

/* A value as one line of JSON, without newline. The same for one key as JSON. */
int codec_print_value(const struct codec *codec, const void *value, struct buffer *out);
int codec_print_key_json(const struct codec *codec, const void *key, struct buffer *out);

/* Value bytes on their way in, and the handles whose fd numbers are among them. */
struct value_input {
	void *bytes;		/* codec_value_bytes(), or fewer where the caller gave room */
	struct handle *held[4]; /* closed by value_input_release() */
	unsigned held_count;
};
void value_input_release(struct value_input *input);

/*
 * The value there is now, for texts that change only a part of it ({"1":v} for one CPU, one
 * variable of .data). Called at most once; fills codec_value_bytes(); -errno as map_lookup().
 */
struct codec_current {
	int (*read)(void *context, void *value);
	void *context;
};

/*
 * Text (of `length` bytes, white space around it allowed) to value bytes. input->bytes must point
 * to codec_value_bytes() of room. -EINVAL and a sentence with the member and the position when
 * the text is not one of this type; nothing has reached the backend then.
 */
int codec_parse_value(const struct codec *codec, const char *text, size_t length,
		      const struct codec_current *current, struct value_input *input,
		      struct fault *fault);
int codec_parse_key_json(const struct codec *codec, const char *text, size_t length, void *key,
			 struct fault *fault);

/* Whether values refer to other objects: bpf(2) takes descriptors there and gives back ids. */
bool codec_refers(const struct codec *codec);
/*
 * The bytes of a value as a lookup gives them, with ids, to those that an update takes.
 * input->bytes must point to codec_value_bytes() of room. -ENOENT and a sentence: no such object.
 */
int codec_take_value(const struct codec *codec, const void *value, struct value_input *input,
		     struct fault *fault);

/* `entries`: full key name, TAB, value, newline. */
int codec_print_entry(const struct codec *codec, const void *key, const void *value,
		      struct buffer *out);
/* One such line, without its newline. */
int codec_parse_entry(const struct codec *codec, const char *line, size_t length, void *key,
		      const struct codec_current *current, struct value_input *input,
		      struct fault *fault);

/* `entries.json`: one {"key":K,"value":V}. The reverse takes the members in either order. */
int codec_print_element_json(const struct codec *codec, const void *key, const void *value,
			     struct buffer *out);
int codec_parse_element_json(const struct codec *codec, const char *text, size_t length, void *key,
			     const struct codec_current *current, struct value_input *input,
			     struct fault *fault);

/* Per-CPU maps of integers: the sum over CPUs as text. -EOPNOTSUPP for other values. */
bool codec_has_sum(const struct codec *codec);
int codec_print_sum(const struct codec *codec, const void *value, struct buffer *out);

/* Types of key and value as words ("u32", "struct flow_key"), for info; "" without BTF. */
const char *codec_key_type_name(const struct codec *codec);
const char *codec_value_type_name(const struct codec *codec);

#pragma GCC visibility pop

#endif
