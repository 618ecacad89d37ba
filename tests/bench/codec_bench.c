// SPDX-License-Identifier: BSD-2-Clause
/*
 * The text codec's speed: entries lines and JSON, printed and parsed, for u32 -> u64 and for a
 * 5-tuple -> 8 counters, as nanoseconds an element and as ratios to copying the same elements
 * with memcpy and to `bpftool -j map dump` of a kernel map with the same elements and BTF.
 *
 *   codec_bench [ELEMENTS [ROUNDS]]     1,000,000 and 5 if not said
 *
 * The codec works on an emulated map, whose types are BTF like the kernel map's; text is made and
 * read in chunks of 1024 elements, as a walk does it. Each figure is the median of the rounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpfuse/backend.h>
#include <bpfuse/codec.h>
#include <linux/bpf.h>
#include "workload.h"

enum { CHUNK = 1024, ROUNDS_MAX = 99 };

struct flow {
	uint32_t saddr, daddr;
	uint16_t sport, dport;
	uint8_t proto, pad[3];
};

struct counters {
	uint64_t count[8];
};

struct workload {
	const char *name;
	uint32_t key_size, value_size;
	uint32_t key_id, value_id; /* in its BTF */
	struct btf *btf;
	unsigned char *keys, *values; /* of all elements */
	uint32_t count;
	struct codec *codec;
	double dump; /* seconds that bpftool takes; 0: not known */
};

/* --- the types --- */

static void add_plain(struct workload *workload)
{
	workload->key_id = (uint32_t)btf__add_int(workload->btf, "unsigned int", 4, 0);
	workload->value_id = (uint32_t)btf__add_int(workload->btf, "unsigned long long", 8, 0);
}

static void add_flow(struct workload *workload)
{
	static const char *const counters[] = {"packets", "bytes",  "drops", "errors",
					       "syns",	  "resets", "first", "last"};
	struct btf *btf = workload->btf;
	int u8 = btf__add_int(btf, "unsigned char", 1, 0);
	int u16 = btf__add_int(btf, "unsigned short", 2, 0);
	int u32 = btf__add_int(btf, "unsigned int", 4, 0);
	int u64 = btf__add_int(btf, "unsigned long long", 8, 0);
	int be16 = btf__add_typedef(btf, "__be16", u16);
	int pad = btf__add_array(btf, u32, u8, 3);
	int address = btf__add_struct(btf, "in_addr", 4);

	btf__add_field(btf, "s_addr", u32, 0, 0);
	workload->key_id = (uint32_t)btf__add_struct(btf, "flow", 16);
	btf__add_field(btf, "saddr", address, 0, 0);
	btf__add_field(btf, "daddr", address, 32, 0);
	btf__add_field(btf, "sport", be16, 64, 0);
	btf__add_field(btf, "dport", be16, 80, 0);
	btf__add_field(btf, "proto", u8, 96, 0);
	btf__add_field(btf, "pad", pad, 104, 0);
	workload->value_id = (uint32_t)btf__add_struct(btf, "counters", 64);
	for (uint32_t i = 0; i < 8; i++)
		btf__add_field(btf, counters[i], u64, i * 64, 0);
}

/* --- the elements --- */

static void fill_plain(struct workload *workload)
{
	for (uint32_t i = 0; i < workload->count; i++) {
		uint32_t key = key_at(i);
		uint64_t value = i;

		memcpy(workload->keys + (size_t)i * 4, &key, sizeof(key));
		memcpy(workload->values + (size_t)i * 8, &value, sizeof(value));
	}
}

static void fill_flow(struct workload *workload)
{
	uint32_t state = 1;

	for (uint32_t i = 0; i < workload->count; i++) {
		struct flow flow = {key_at(i), 0x0100000a, (uint16_t)random_next(&state),
				    0xbb01,    6,	   {0}};
		struct counters counters;

		for (int j = 0; j < 8; j++)
			counters.count[j] = (uint64_t)random_next(&state) << (j * 4);
		memcpy(workload->keys + (size_t)i * sizeof(flow), &flow, sizeof(flow));
		memcpy(workload->values + (size_t)i * sizeof(counters), &counters,
		       sizeof(counters));
	}
}

static void open_codec(struct workload *workload, struct backend *backend)
{
	struct map_spec spec = MAP_SPEC_INIT;
	struct handle *btf, *map;
	struct fault fault = FAULT_INIT;
	uint32_t length;
	const void *bytes = btf__raw_data(workload->btf, &length);
	int error = btf_load(backend, bytes, length, &btf);

	if (error)
		die("btf_load", error);
	spec.type = BPF_MAP_TYPE_HASH;
	spec.key_size = workload->key_size;
	spec.value_size = workload->value_size;
	spec.max_entries = 1;
	spec.btf_fd = handle_fd(btf);
	spec.btf_key_type_id = workload->key_id;
	spec.btf_value_type_id = workload->value_id;
	error = map_create(backend, &spec, &map);
	if (!error)
		error = codec_open(map, NULL, &workload->codec, &fault);
	if (error)
		die(fault.text, error);
	handle_close(map);
	handle_close(btf);
}

static void make(struct workload *workload, struct backend *backend, uint32_t count)
{
	bool plain = workload->key_size == 4;

	workload->count = count;
	workload->keys = must_allocate((size_t)count * workload->key_size);
	workload->values = must_allocate((size_t)count * workload->value_size);
	workload->btf = btf__new_empty();
	(plain ? add_plain : add_flow)(workload);
	(plain ? fill_plain : fill_flow)(workload);
	open_codec(workload, backend);
}

static void discard(struct workload *workload)
{
	codec_put(workload->codec);
	btf__free(workload->btf);
	free(workload->keys);
	free(workload->values);
}

/* --- what is measured: each works on one element --- */

struct texts {
	struct buffer text;   /* of a chunk */
	size_t ends[CHUNK];   /* of each element's text in it */
	unsigned char *bytes; /* what was parsed */
};

typedef int (*print_element)(const struct codec *codec, const void *key, const void *value,
			     struct buffer *out);

static int parse_line(const struct codec *codec, const char *text, size_t length, void *key,
		      struct value_input *value)
{
	return codec_parse_entry(codec, text, length - 1, key, NULL, value, NULL);
}

static int parse_json(const struct codec *codec, const char *text, size_t length, void *key,
		      struct value_input *value)
{
	return codec_parse_element_json(codec, text, length, key, NULL, value, NULL);
}

typedef int (*parse_element)(const struct codec *codec, const char *text, size_t length, void *key,
			     struct value_input *value);

static void print_chunk(const struct workload *workload, uint32_t first, uint32_t count,
			print_element print, struct texts *texts)
{
	buffer_reset(&texts->text);
	for (uint32_t i = 0; i < count; i++) {
		size_t at = first + i;

		if (print(workload->codec, workload->keys + at * workload->key_size,
			  workload->values + at * workload->value_size, &texts->text))
			die("print", ENOMEM);
		texts->ends[i] = texts->text.length;
	}
}

static void parse_chunk(const struct workload *workload, uint32_t count, parse_element parse,
			struct texts *texts)
{
	unsigned char *key = texts->bytes;
	struct value_input input = {.bytes = texts->bytes + workload->key_size};
	size_t start = 0;

	for (uint32_t i = 0; i < count; i++) {
		int error = parse(workload->codec, texts->text.data + start, texts->ends[i] - start,
				  key, &input);

		if (error)
			die("parse", error);
		start = texts->ends[i];
	}
}

/* Seconds for all elements: printing in print_time, parsing in the result. */
static double run(const struct workload *workload, print_element print, parse_element parse,
		  struct texts *texts, double *print_time, size_t *bytes)
{
	double parse_time = 0;

	*print_time = 0;
	*bytes = 0;
	for (uint32_t first = 0; first < workload->count; first += CHUNK) {
		uint32_t left = workload->count - first;
		uint32_t count = left < CHUNK ? left : CHUNK;
		double start = seconds_now(), middle;

		print_chunk(workload, first, count, print, texts);
		middle = seconds_now();
		parse_chunk(workload, count, parse, texts);
		*print_time += middle - start;
		parse_time += seconds_now() - middle;
		*bytes += texts->text.length;
	}
	return parse_time;
}

static double run_memcpy(const struct workload *workload, unsigned char *to)
{
	double start = seconds_now();

	for (uint32_t i = 0; i < workload->count; i++) {
		unsigned char *key = to + (size_t)(i % CHUNK) * 256;

		memcpy(key, workload->keys + (size_t)i * workload->key_size, workload->key_size);
		memcpy(key + workload->key_size,
		       workload->values + (size_t)i * workload->value_size, workload->value_size);
		/* The copies must be made. */
		__asm__ volatile("" : : "r"(key) : "memory");
	}
	return seconds_now() - start;
}

/* --- the rival --- */

static int make_kernel_map(struct workload *workload)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	LIBBPF_OPTS(bpf_map_batch_opts, batch);
	uint32_t count = workload->count;
	int fd;

	if (btf__load_into_kernel(workload->btf))
		return -1;
	options.btf_fd = (uint32_t)btf__fd(workload->btf);
	options.btf_key_type_id = workload->key_id;
	options.btf_value_type_id = workload->value_id;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "codec_bench", workload->key_size,
			    workload->value_size, workload->count, &options);
	if (fd >= 0 && bpf_map_update_batch(fd, workload->keys, workload->values, &count, &batch)) {
		close(fd);
		return -1;
	}
	return fd;
}

static double run_bpftool(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);
	char id[16];
	char *arguments[] = {(char[]){"bpftool"},
			     (char[]){"-j"},
			     (char[]){"map"},
			     (char[]){"dump"},
			     (char[]){"id"},
			     id,
			     NULL};
	posix_spawn_file_actions_t actions;
	extern char **environ;
	double start = seconds_now();
	int status = -1;
	pid_t pid;

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return 0;
	snprintf(id, sizeof(id), "%u", info.id);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, "bpftool", &actions, NULL, arguments, environ) == 0)
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	return status == 0 ? seconds_now() - start : 0;
}

/* --- the table --- */

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *list, int count)
{
	qsort(list, (size_t)count, sizeof(*list), compare_doubles);
	return list[count / 2];
}

static void report(const struct workload *workload, const char *what, double seconds, double copy,
		   size_t bytes)
{
	printf("%-22s %-22s %8.1f %7.1f", workload->name, what, seconds * 1e9 / workload->count,
	       seconds / copy);
	if (workload->dump > 0)
		printf(" %11.4f", seconds / workload->dump);
	else
		printf(" %11s", "-");
	printf(" %8.1f\n", (double)bytes / workload->count);
}

static void measure(const struct workload *workload, int rounds)
{
	static const struct {
		const char *print_name, *parse_name;
		print_element print;
		parse_element parse;
	} forms[] = {
		{"print entries", "parse entries", codec_print_entry, parse_line},
		{"print JSON", "parse JSON", codec_print_element_json, parse_json},
	};
	double prints[ROUNDS_MAX], parses[ROUNDS_MAX], copies[ROUNDS_MAX], copy;
	struct texts texts = {.text = BUFFER_INIT};

	texts.bytes = must_allocate((size_t)CHUNK * 256);
	for (int i = 0; i < rounds; i++)
		copies[i] = run_memcpy(workload, texts.bytes);
	copy = median(copies, rounds);
	report(workload, "memcpy", copy, copy,
	       (size_t)(workload->key_size + workload->value_size) * workload->count);
	for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
		size_t bytes = 0;

		for (int i = 0; i < rounds; i++)
			parses[i] = run(workload, forms[form].print, forms[form].parse, &texts,
					&prints[i], &bytes);
		report(workload, forms[form].print_name, median(prints, rounds), copy, bytes);
		report(workload, forms[form].parse_name, median(parses, rounds), copy, bytes);
	}
	buffer_free(&texts.text);
	free(texts.bytes);
}

int main(int argc, char **argv)
{
	struct workload workloads[] = {
		{.name = "u32 -> u64", .key_size = 4, .value_size = 8},
		{.name = "5-tuple -> 8 counters",
		 .key_size = sizeof(struct flow),
		 .value_size = sizeof(struct counters)},
	};
	uint32_t count = argc > 1 ? (uint32_t)number_argument(argv[1]) : 1000000;
	int rounds = argc > 2 ? (int)number_argument(argv[2]) : 5;
	struct backend *backend;
	struct fault fault = FAULT_INIT;

	if (!count || rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: codec_bench [ELEMENTS [ROUNDS]]\n");
		return 2;
	}
	if (backend_open("emu", NULL, &backend, &fault))
		die(fault.text, EINVAL);
	printf("%u elements, medians of %d rounds\n", count, rounds);
	printf("%-22s %-22s %8s %7s %11s %8s\n", "elements", "operation", "ns each", "/memcpy",
	       "/bpftool -j", "bytes");
	for (int i = 0; i < 2; i++) {
		int fd;

		make(&workloads[i], backend, count);
		fd = make_kernel_map(&workloads[i]);
		if (fd >= 0) {
			workloads[i].dump = run_bpftool(fd);
			close(fd);
		}
		measure(&workloads[i], rounds);
		if (workloads[i].dump > 0)
			report(&workloads[i], "bpftool -j map dump", workloads[i].dump,
			       workloads[i].dump, 0);
		discard(&workloads[i]);
	}
	backend_close(backend);
	return 0;
}
