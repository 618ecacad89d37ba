// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who holds an object open. The kernel keeps no such list: every process's descriptors are asked
 * for what their fdinfo says. Processes that come and go while we look are skipped over.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "directory.h"
#include "internal.h"

struct search {
	const char *label; /* the line of fdinfo that names the object */
	enum object_kind kind;
	uint32_t id;
	struct holder *holders;
	size_t count, room;
};

/* The contents of a small file of /proc, NUL-terminated; false if it cannot be read. */
static bool small_file_read(int directory, const char *name, char *text, size_t size)
{
	cleanup_close int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (length < 0)
		return false;
	text[length] = '\0';
	return true;
}

static bool descriptor_matches(const struct search *search, int fdinfo, const char *name)
{
	char text[2048];
	const char *line;
	uint32_t id;

	if (!small_file_read(fdinfo, name, text, sizeof(text)))
		return false;
	line = strstr(text, search->label);
	return line && sscanf(line + strlen(search->label), " %" SCNu32, &id) == 1 &&
	       id == search->id;
}

/*
 * A readlink is cheaper than rendering fdinfo, and most descriptors are no BPF objects. It also
 * tells a program from a link, whose fdinfo has the program's id too.
 */
static bool descriptor_is_kind(int fds, const char *name, enum object_kind kind)
{
	char target[64];
	ssize_t length = readlinkat(fds, name, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	return !strncmp(target, "anon_inode:", 11) && strstr(target, kernel_kind_inode(kind));
}

static bool process_holds(const struct search *search, int process)
{
	cleanup_close int fdinfo = openat(process, "fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fds = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_with(directory_closep) DIR *directory = directory_take(fds);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    descriptor_is_kind(fds, entry->d_name, search->kind) &&
		    descriptor_matches(search, fdinfo, entry->d_name))
			return true;
	return false;
}

static int search_add(struct search *search, pid_t pid, int process)
{
	struct holder *holder;

	if (search->count == search->room) {
		size_t room = search->room ? 2 * search->room : 8;
		struct holder *holders = reallocarray(search->holders, room, sizeof(*holders));

		if (!holders)
			return -ENOMEM;
		search->holders = holders;
		search->room = room;
	}
	holder = &search->holders[search->count++];
	holder->pid = pid;
	if (!small_file_read(process, "comm", holder->comm, sizeof(holder->comm)))
		holder->comm[0] = '\0';
	holder->comm[strcspn(holder->comm, "\n")] = '\0';
	return 0;
}

static int search_process(struct search *search, int proc, const char *name)
{
	cleanup_close int process = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = (pid_t)strtol(name, NULL, 10);

	if (process < 0 || pid == getpid() || !process_holds(search, process))
		return 0;
	return search_add(search, pid, process);
}

int kernel_object_holders(struct handle *handle, struct holder **holders, size_t *count)
{
	static const char *const labels[] = {
		[OBJECT_MAP] = "\nmap_id:",
		[OBJECT_PROG] = "\nprog_id:",
		[OBJECT_LINK] = "\nlink_id:",
		[OBJECT_BTF] = "\nbtf_id:",
	};
	cleanup_with(directory_closep) DIR *proc = NULL;
	struct search search = {.label = labels[handle->kind], .kind = handle->kind};
	struct dirent *entry;
	int error = object_id(handle, &search.id);

	if (error)
		return error;
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while (!error && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			error = search_process(&search, dirfd(proc), entry->d_name);
	if (error) {
		free(search.holders);
		return error;
	}
	*holders = search.holders;
	*count = search.count;
	return 0;
}
