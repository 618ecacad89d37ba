// SPDX-License-Identifier: BSD-2-Clause
/* bpf_redirect_map() without a packet: __bpf_xdp_redirect_map() and dev_map_enqueue_multi(). */
#include <bpfuse/redirect.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>

#define ACTION_MASK 3u /* XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX */
#define FLAG_MASK (BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS)

static const char *const action_names[] = {
	[XDP_ABORTED] = "XDP_ABORTED", [XDP_DROP] = "XDP_DROP",		[XDP_PASS] = "XDP_PASS",
	[XDP_TX] = "XDP_TX",	       [XDP_REDIRECT] = "XDP_REDIRECT",
};

struct request {
	bool has_key;
	uint32_t key;
	uint64_t flags;
	uint32_t ingress; /* ifindex; 0: none given */
};

/* --- reading --- */

static int parse_number(const char *text, uint64_t most, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, 0);
	return errno || *end || *number > most ? -EINVAL : 0;
}

static int parse_key(struct backend *backend, struct request *request, char *text,
		     struct fault *fault)
{
	uint64_t key;

	if (parse_number(text, UINT32_MAX, &key))
		return fault_set(fault, EINVAL, "key: expected a number, got \"%s\"", text);
	request->key = (uint32_t)key;
	request->has_key = true;
	return 0;
}

/* Names of flags, and of the actions that the low bits ask for when the lookup fails. */
static int parse_flag(const char *word, uint64_t *flags)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} names[] = {
		{"broadcast", BPF_F_BROADCAST},
		{"exclude_ingress", BPF_F_EXCLUDE_INGRESS},
		{"aborted", XDP_ABORTED},
		{"drop", XDP_DROP},
		{"pass", XDP_PASS},
		{"tx", XDP_TX},
	};
	uint64_t number;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(word, names[i].name)) {
			*flags |= names[i].flag;
			return 0;
		}
	}
	if (parse_number(word, UINT64_MAX, &number))
		return -EINVAL;
	*flags |= number;
	return 0;
}

static int parse_flags(struct backend *backend, struct request *request, char *text,
		       struct fault *fault)
{
	char *word;

	while ((word = strsep(&text, ",|")))
		if (parse_flag(word, &request->flags))
			return fault_set(fault, EINVAL,
					 "flags: expected broadcast, exclude_ingress, pass, drop, "
					 "tx, aborted or a number, got \"%s\"",
					 word);
	return 0;
}

static int parse_ingress(struct backend *backend, struct request *request, char *text,
			 struct fault *fault)
{
	struct device_info info;
	uint64_t number;

	if (!device_find(backend, text, &info))
		request->ingress = info.ifindex;
	else if (!parse_number(text, INT32_MAX, &number))
		request->ingress = (uint32_t)number;
	else
		return fault_set(fault, EINVAL, "ingress: no device is called \"%s\"", text);
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(struct backend *backend, struct request *request, char *text,
		     struct fault *fault);
} words[] = {
	{"key", parse_key},
	{"flags", parse_flags},
	{"ingress", parse_ingress},
};

static int parse_word(struct backend *backend, struct request *request, char *word,
		      struct fault *fault)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i].name))
			return words[i].parse(backend, request, value, fault);
	return fault_set(fault, EINVAL, "expected key=, flags= or ingress=, got \"%s\"", word);
}

static int request_parse(struct backend *backend, const char *text, size_t length,
			 struct request *request, struct fault *fault)
{
	cleanup_free char *copy = strndup(text, length);
	char *rest = copy, *word;
	int error = copy ? 0 : -ENOMEM;

	while (!error && (word = strsep(&rest, " \t\r\n")))
		if (*word)
			error = parse_word(backend, request, word, fault);
	if (!error && !request->has_key && !(request->flags & BPF_F_BROADCAST))
		return fault_set(fault, EINVAL, "which key? expected \"key=NUMBER\"");
	return error;
}

/* --- answering --- */

/* -ENOENT: no such entry. */
static int target_of(struct handle *map, uint32_t key, uint32_t *ifindex)
{
	struct bpf_devmap_val value = {0};
	int error = map_lookup(map, &key, &value, 0);

	*ifindex = value.ifindex;
	return error;
}

static void targets_add(json_t *targets, struct backend *backend, uint32_t ifindex)
{
	struct device_info info;

	if (!device_by_ifindex(backend, ifindex, &info))
		json_array_append_new(targets, json_string(info.name));
	else /* of another network namespace: the number is all there is */
		json_array_append_new(targets, json_sprintf("%u", ifindex));
}

/* Every entry once; a step per possible entry at most, whatever others do to the map. */
static int broadcast(struct handle *map, const struct request *request, uint32_t max_entries,
		     json_t *targets)
{
	bool exclude = request->flags & BPF_F_EXCLUDE_INGRESS;
	uint32_t key, ifindex;
	int error = map_next_key(map, NULL, &key);

	for (uint32_t step = 0; !error && step < max_entries; step++) {
		error = target_of(map, key, &ifindex);
		if (!error && !(exclude && ifindex == request->ingress))
			targets_add(targets, map->backend, ifindex);
		if (!error || error == -ENOENT)
			error = map_next_key(map, &key, &key);
	}
	return error == -ENOENT ? 0 : error;
}

static int answer(struct handle *map, const struct map_info *info, const struct request *request,
		  unsigned *action, json_t *targets)
{
	uint32_t ifindex;
	int error;

	*action = XDP_ABORTED;
	if (request->flags & ~(uint64_t)(ACTION_MASK | FLAG_MASK))
		return 0;
	*action = XDP_REDIRECT;
	if (request->flags & BPF_F_BROADCAST)
		return broadcast(map, request, info->max_entries, targets);
	error = target_of(map, request->key, &ifindex);
	if (error == -ENOENT)
		*action = request->flags & ACTION_MASK;
	else if (!error)
		targets_add(targets, map->backend, ifindex);
	return error == -ENOENT ? 0 : error;
}

int redirect_simulate(struct handle *map, const char *text, size_t length, struct buffer *out,
		      struct fault *fault)
{
	struct request request = {0};
	cleanup_free char *line = NULL;
	struct map_info info;
	unsigned action;
	json_t *targets, *json;
	int error = map_info(map, &info);

	if (error)
		return error;
	if (info.type != BPF_MAP_TYPE_DEVMAP && info.type != BPF_MAP_TYPE_DEVMAP_HASH)
		return -EOPNOTSUPP;
	error = request_parse(map->backend, text, length, &request, fault);
	if (error)
		return error;
	targets = json_array();
	error = answer(map, &info, &request, &action, targets);
	json = json_pack("{s:s, s:o}", "action", action_names[action], "targets", targets);
	line = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (error)
		return error;
	if (!line)
		return -ENOMEM;
	buffer_append_string(out, line);
	return buffer_error(out);
}
