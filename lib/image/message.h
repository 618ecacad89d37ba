/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRIU's image files: a magic, then entries of u32 size and a message, in the byte order of the
 * machine that wrote them. Sizes and offsets are 64 bits wide everywhere here; only the format's
 * own fields are narrower.
 */
#ifndef IMAGE_MESSAGE_H
#define IMAGE_MESSAGE_H

#include <stdint.h>
#include <bpfuse/fault.h>
#include "image/bpfmap.pb-c.h"

#define IMAGE_MAGIC_COMMON 0x54564319u
#define IMAGE_MAGIC_INVENTORY 0x58313116u
#define IMAGE_MAGIC_FILES 0x56303138u
#define IMAGE_MAGIC_BPFMAP_FILE 0x57506142u
#define IMAGE_MAGIC_BPFMAP_DATA 0x64324033u

#define IMAGE_INVENTORY "inventory.img"
#define IMAGE_FILES "files.img"
#define IMAGE_BPFMAP_FILE "bpfmap-file.img"
#define IMAGE_BPFMAP_DATA "bpfmap-data.img"
#define IMAGE_MANIFEST "manifest.json"
#define IMAGE_SUMS "SHA256SUMS"

/* file_entry's type of a BPF map. */
#define FILE_TYPE_BPFMAP 19

/* No message of these files is longer: a size beyond it is damage, not data. */
#define IMAGE_MESSAGE_MAX (1u << 20)

/* An image file open for reading its entries one after the other. */
struct message_file {
	int fd;
	const char *name; /* for sentences */
	uint64_t at, size;
};

/* Opens `name` in the directory and checks its magic; 1: it is there, 0: it is not. */
int message_file_open(int directory, const char *name, uint32_t magic, struct message_file *file,
		      struct fault *fault);
void message_file_close(struct message_file *file);
/*
 * The next entry's bytes into *bytes (malloc'ed by the first call, grown by later ones, freed by
 * the caller). 1: an entry of *length bytes; 0: the end of the file; -errno and a sentence.
 */
int message_next(struct message_file *file, unsigned char **bytes, size_t *length,
		 struct fault *fault);
/* All `length` bytes at `offset`, or -errno and a sentence; -EINVAL: the file is shorter. */
int message_read_at(int fd, const char *name, void *bytes, size_t length, uint64_t offset,
		    struct fault *fault);
/* All of them; 0 or -errno. */
int message_write_at(int fd, const void *bytes, size_t length, uint64_t offset);

#endif
