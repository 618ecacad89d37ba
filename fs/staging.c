// SPDX-License-Identifier: BSD-2-Clause
#include "staging.h"

#include <errno.h>
#include <string.h>
#include "session.h"

#define PIECE 512

/*
 * `end`: of this piece in the value. Its length alone does not tell where the kernel has cut a
 * program's piece in two.
 */
static bool is_piece(size_t length, uint64_t end)
{
	return session_is_cut(length) || (end >= PIECE && end % PIECE == 0);
}

bool staging_is_piece(const char *data, size_t length, uint64_t end)
{
	return is_piece(length, end) && data[length - 1] != '\n';
}

/* The text so far with this piece behind it; what waited is dropped if this does not follow. */
static int append(struct file *file, const char *data, size_t length, off_t offset)
{
	if (offset != file->end)
		buffer_reset(&file->staged);
	buffer_append(&file->staged, data, length);
	file->end = offset + (off_t)length;
	return buffer_error(&file->staged);
}

int staging_write_text(struct request *request, struct file *file, const char *data, size_t length,
		       off_t offset, staging_apply apply)
{
	int rc = append(file, data, length, offset);
	if (rc)
		return rc;
	bool malformed;
	rc = apply(request, file, file->staged.data, file->staged.length, &malformed);
	if (rc && malformed && staging_is_piece(data, length, file->staged.length)) {
		request->fault.text[0] = '\0';
		return 0;
	}
	buffer_reset(&file->staged);
	return rc;
}

int staging_flush_text(struct request *request, struct file *file, staging_apply apply)
{
	if (!file->staged.length)
		return 0;
	bool malformed;
	int rc = apply(request, file, file->staged.data, file->staged.length, &malformed);
	buffer_reset(&file->staged);
	return rc;
}

static int refuse(struct request *request, struct file *file, size_t length, size_t size)
{
	file->refused = true;
	buffer_reset(&file->staged);
	return fault_set(&request->fault, EINVAL,
			 "expected the %zu bytes of a value in one write(2), got %zu (a shell's "
			 "printf writes line by line: printf ... | cat > FILE)",
			 size, length);
}

int staging_write_bytes(struct request *request, struct file *file, const char *data, size_t length,
			off_t offset, size_t size, const char **value)
{
	bool follows = file->staged.length && offset == file->end;
	bool starts = offset == 0 || file->flags & O_APPEND;
	if (file->refused || (!follows && !starts))
		return refuse(request, file, length, size);
	if (!follows)
		buffer_reset(&file->staged);
	int rc = append(file, data, length, offset);
	if (rc)
		return rc;
	size_t have = file->staged.length;
	if (have > size || (have < size && !is_piece(length, have)))
		return refuse(request, file, have, size);
	if (have < size)
		return 0;
	*value = file->staged.data;
	file->staged.length = 0; /* complete: the bytes stay until the next write */
	return 1;
}

int staging_flush_bytes(struct request *request, struct file *file, size_t size)
{
	return file->staged.length ? refuse(request, file, file->staged.length, size) : 0;
}
