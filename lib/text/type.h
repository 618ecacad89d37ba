/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of keys and values, whichever way they were said: by BTF (type_btf.h), in words
 * (type_words.h), or by the size alone. Made once for a map, then never changed, so any thread
 * may read them; they live in the arena they were made in and may share parts.
 */
#ifndef BPFUSE_TEXT_TYPE_H
#define BPFUSE_TEXT_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bpfuse/buffer.h>
#include "text/arena.h"

enum type_kind {
	TYPE_INTEGER, /* 1, 2, 4, 8 or 16 bytes, is_signed */
	TYPE_BOOL,    /* 1 byte (also 2, 4, 8: BTF allows it) */
	TYPE_ENUM,    /* 1, 2, 4 or 8 bytes, is_signed */
	TYPE_FLOAT,   /* 4 or 8 bytes */
	TYPE_BIG_ENDIAN,
	TYPE_IPV4,
	TYPE_IPV6,
	TYPE_MAC,
	TYPE_TEXT,    /* characters up to the first NUL */
	TYPE_HEX,     /* bytes of which no more is known */
	TYPE_PREFIX4, /* an LPM trie's key: length of the prefix, and an address */
	TYPE_PREFIX6,
	TYPE_PREFIX_BYTES, /* the same, no address */
	TYPE_ARRAY,
	TYPE_STRUCT,
	TYPE_UNION,
	TYPE_SECTION,	    /* DATASEC: variables; a text may leave some out */
	TYPE_SPECIAL,	    /* the kernel's own (bpf_spin_lock, ...): null, never written */
	TYPE_PERCPU,	    /* one element a possible CPU, at a stride of round_up(size, 8) */
	TYPE_MAP_REFERENCE, /* fd in, id out */
	TYPE_PROG_REFERENCE,
	TYPE_DEVMAP,
	TYPE_CPUMAP,
	TYPE_KINDS,
};

struct type;

struct member {
	const char *name; /* "" : anonymous, its members are its parent's */
	uint32_t name_length;
	uint32_t offset;     /* bytes from the start of the struct */
	uint32_t bit_offset; /* bits from the start of the struct; with bit_size only */
	uint8_t bit_size;    /* not 0: a bit-field */
	bool plain_name;     /* an identifier: no character of it needs an escape */
	const struct type *type;
};

/* Bytes, or one byte's bits, that belong to no member. */
struct gap {
	uint32_t offset, length;
	uint8_t mask;
};

struct enumerator {
	const char *name;
	uint32_t name_length;
	uint64_t value; /* the bytes as an unsigned number of the enum's size */
};

struct type {
	enum type_kind kind;
	bool is_signed;
	bool is_bytes; /* TYPE_ARRAY of integers of one byte: a key name shows them as hex */
	uint32_t size; /* bytes */
	/* Nodes it renders to, bounded: see type_is_sane(). */
	uint64_t weight;
	const char *name; /* as in "expected u32"; of BTF types "struct flow", "enum state" */
	union {
		struct { /* TYPE_ARRAY, TYPE_PERCPU */
			const struct type *element;
			uint32_t count;
			uint32_t stride;
		};
		struct { /* TYPE_STRUCT, TYPE_UNION, TYPE_SECTION */
			const struct member *members;
			uint32_t member_count;
			uint32_t gap_count;
			const struct gap *gaps;
		};
		struct { /* TYPE_ENUM */
			const struct enumerator *enumerators;
			uint32_t enumerator_count;
		};
	};
};

/* All of these give NULL when memory runs out. */
struct type *type_make(struct arena *arena, enum type_kind kind, uint32_t size, const char *name);
/* An unsigned number of 1, 2, 4 or 8 bytes; bytes for other sizes. */
const struct type *type_of_size(struct arena *arena, uint32_t size);
const struct type *type_array(struct arena *arena, const struct type *element, uint32_t count);
const struct type *type_percpu(struct arena *arena, const struct type *element, unsigned cpus);

/*
 * Completes a struct, union or section whose members and size are set: finds its gaps. Where
 * text could not tell the members apart (a name twice, or none that can be written), or bits lie
 * outside of it, the result is bytes.
 */
const struct type *type_seal(struct arena *arena, struct type *type);
/* False for empty structs and lists: their text has no value in it. */
bool type_has_text(const struct type *type);
/* False for a type that has no end or whose text would be out of all proportion to its bytes. */
bool type_is_sane(const struct type *type);

/* The bits of a bit-field as a number, sign-extended if asked; and the reverse. */
uint64_t bits_read(const unsigned char *bytes, uint32_t bit_offset, unsigned bits, bool is_signed);
void bits_write(unsigned char *bytes, uint32_t bit_offset, unsigned bits, uint64_t value);
/* An unsigned number of 1, 2, 4 or 8 bytes in host order. */
uint64_t bytes_number(const unsigned char *bytes, uint32_t size);
void number_bytes(unsigned char *bytes, uint32_t size, uint64_t number);
/* The same number seen as signed, in 64 bits. */
uint64_t sign_extend(uint64_t number, unsigned bits);

#endif
