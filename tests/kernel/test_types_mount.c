// SPDX-License-Identifier: BSD-2-Clause
/*
 * What users see is what bpftool sees: each sample is written into its file of a mount and read
 * back, then all of entries.json is compared with `bpftool -j map dump`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include "bpftool_compare.h"
#include "kernel_fixture.h"
#include "types_samples.h"

static char mountpoint[] = "/tmp/bpfuse-types-XXXXXX";

static int run(char *const arguments[])
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execv(arguments[0], arguments);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static void mount_it(void)
{
	char *program = getenv("BPFUSE");
	char *arguments[] = {program, (char *)kernel_fixture_directory(), mountpoint, NULL};

	cr_assert(program != NULL, "BPFUSE is not set");
	cr_assert(mkdtemp(mountpoint) != NULL);
	cr_assert_eq(run(arguments), 0, "%s does not mount", program);
}

static void unmount_it(void)
{
	umount2(mountpoint, MNT_DETACH);
	rmdir(mountpoint);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
	cr_expect_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text), "%s: %s", path,
		     strerror(errno));
	close(fd);
}

/* All of a file, without the last newline; the caller's. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t length;

	cr_assert(file != NULL, "%s: %s", path, strerror(errno));
	length = getdelim(&text, &size, EOF, file);
	fclose(file);
	cr_assert(length > 0, "%s is empty", path);
	if (text[length - 1] == '\n')
		text[length - 1] = '\0';
	return text;
}

static uint32_t map_id(struct bpf_object *object, const char *name, bool *percpu)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const char *full = bpf_map__name(map);
		const char *dot = strchr(full, '.');

		if (strcmp(name, full) != 0 && (!dot || strcmp(name, dot) != 0))
			continue;
		cr_assert_eq(bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &length), 0);
		*percpu = info.type == BPF_MAP_TYPE_PERCPU_HASH ||
			  info.type == BPF_MAP_TYPE_PERCPU_ARRAY;
		return info.id;
	}
	cr_assert(false, "no map %s", name);
	return 0;
}

/* One value is written for all CPUs, and read as a list. */
static void expect_text(const char *text, const struct sample *sample, bool percpu)
{
	size_t length = strlen(sample->value);

	if (percpu)
		cr_expect_eq(strncmp(text, sample->value, length - 1), 0, "%s: %s", sample->map,
			     text);
	else
		cr_expect_str_eq(text, sample->value, "%s: %s", sample->map, text);
}

static void try_sample(struct bpf_object *object, const struct sample *sample)
{
	char path[512], value[1024];
	bool percpu;
	uint32_t id = map_id(object, sample->map, &percpu);
	char *text;

	snprintf(path, sizeof(path), "%s/maps.by-id/%u/%s", mountpoint, id, sample->key);
	snprintf(value, sizeof(value), "%s", sample->value + percpu);
	if (percpu)
		value[strlen(value) - 1] = '\0';
	write_file(path, value);
	text = read_file(path);
	expect_text(text, sample, percpu);
	free(text);
}

static void compare_map(uint32_t id, const char *name)
{
	json_t *dump = bpftool_dump(id), *ours, *element;
	char path[128], *text;
	size_t i;

	snprintf(path, sizeof(path), "%s/maps.by-id/%u/.map/entries.json", mountpoint, id);
	text = read_file(path);
	ours = load_element(text);
	cr_expect_eq(json_array_size(ours), json_array_size(dump), "%s", name);
	json_array_foreach (ours, i, element) {
		cr_expect(bpftool_shows(dump, element), "%s: element %zu of %s", name, i, text);
	}
	json_decref(ours);
	json_decref(dump);
	free(text);
}

static struct bpf_object *load_object(void)
{
	const char *path = getenv("TYPES_OBJECT");
	struct bpf_object *object;

	cr_assert(path != NULL, "TYPES_OBJECT is not set");
	object = bpf_object__open_file(path, NULL);
	cr_assert(object != NULL, "%s: %s", path, strerror(errno));
	cr_assert_eq(bpf_object__load(object), 0, "%s: %s", path, strerror(errno));
	return object;
}

Test(types, the_mount_and_bpftool_agree, .fini = unmount_it)
{
	struct backend *backend = kernel_fixture_open();
	struct bpf_object *object = load_object();
	const struct sample *sample;
	bool percpu;

	mount_it();
	for (sample = types_samples; sample->map; sample++)
		try_sample(object, sample);
	for (sample = types_samples; sample->map; sample++)
		if (!sample->alone && strcmp(sample->map, sample[1].map ? sample[1].map : ""))
			compare_map(map_id(object, sample->map, &percpu), sample->map);
	bpf_object__close(object);
	backend_close(backend);
}

int main(int argc, char **argv)
{
	if (access("/dev/fuse", R_OK | W_OK)) {
		puts("/dev/fuse cannot be opened");
		return 77;
	}
	return kernel_tests_main(argc, argv);
}
