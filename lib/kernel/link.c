// SPDX-License-Identifier: BSD-2-Clause
/*
 * Links: what BPF_OBJ_GET_INFO_BY_FD tells of each type, by a table of its members.
 *
 * The table gives places in struct bpf_link_info's union, which are uapi and only grow at the
 * end, so that link types newer than this build's headers are described as well. A kernel that
 * does not know a member leaves it 0.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>
#include <bpfuse/cleanup.h>
#include "internal.h"

/* Room for members of kernels to come; the union begins behind type, id, prog_id and padding. */
#define LINK_INFO_SIZE 512
#define LINK_UNION 16

struct link_buffer {
	uint32_t type, id, prog_id, padding;
	unsigned char detail[LINK_INFO_SIZE - LINK_UNION];
};

enum member_kind {
	MEMBER_U32,
	MEMBER_S32,
	MEMBER_U64,
	MEMBER_ATTACH_TYPE, /* u32, shown by name */
	MEMBER_STRING,	    /* a pointer to fill, its length in `length_offset` */
};

struct link_member {
	const char *name;
	enum member_kind kind;
	uint16_t offset, length_offset;
};

struct link_type {
	uint32_t type;
	uint32_t subtype; /* perf_event: its first word; 0: no subtypes */
	const struct link_member *members;
	size_t count;
};

#define MEMBERS(...)                                                                               \
	(const struct link_member[]){__VA_ARGS__},                                                 \
		sizeof((const struct link_member[]){__VA_ARGS__}) / sizeof(struct link_member)

enum {
	LINK_RAW_TRACEPOINT = 1,
	LINK_TRACING,
	LINK_CGROUP,
	LINK_ITER,
	LINK_NETNS,
	LINK_XDP,
	LINK_PERF_EVENT,
	LINK_KPROBE_MULTI,
	LINK_STRUCT_OPS,
	LINK_NETFILTER,
	LINK_TCX,
	LINK_UPROBE_MULTI,
	LINK_NETKIT,
	LINK_SOCKMAP,
};

/* enum bpf_perf_event_type */
enum {
	PERF_UPROBE = 1,
	PERF_URETPROBE,
	PERF_KPROBE,
	PERF_KRETPROBE,
	PERF_TRACEPOINT,
	PERF_EVENT,
};

#define PERF_UPROBE_MEMBERS                                                                        \
	MEMBERS({"file_name", MEMBER_STRING, 8, 16}, {"offset", MEMBER_U32, 20},                   \
		{"cookie", MEMBER_U64, 24}, {"ref_ctr_offset", MEMBER_U64, 32})
#define PERF_KPROBE_MEMBERS                                                                        \
	MEMBERS({"func_name", MEMBER_STRING, 8, 16}, {"offset", MEMBER_U32, 20},                   \
		{"addr", MEMBER_U64, 24}, {"missed", MEMBER_U64, 32}, {"cookie", MEMBER_U64, 40})
#define IFINDEX_MEMBERS MEMBERS({"ifindex", MEMBER_U32, 0}, {"attach_type", MEMBER_ATTACH_TYPE, 4})

static const struct link_type link_types[] = {
	{LINK_RAW_TRACEPOINT, 0,
	 MEMBERS({"tp_name", MEMBER_STRING, 0, 8}, {"cookie", MEMBER_U64, 16})},
	{LINK_TRACING, 0,
	 MEMBERS({"attach_type", MEMBER_ATTACH_TYPE, 0}, {"target_obj_id", MEMBER_U32, 4},
		 {"target_btf_id", MEMBER_U32, 8}, {"cookie", MEMBER_U64, 16})},
	{LINK_CGROUP, 0,
	 MEMBERS({"cgroup_id", MEMBER_U64, 0}, {"attach_type", MEMBER_ATTACH_TYPE, 8})},
	{LINK_ITER, 0, MEMBERS({"target_name", MEMBER_STRING, 0, 8})},
	{LINK_NETNS, 0,
	 MEMBERS({"netns_ino", MEMBER_U32, 0}, {"attach_type", MEMBER_ATTACH_TYPE, 4})},
	{LINK_XDP, 0, MEMBERS({"ifindex", MEMBER_U32, 0})},
	{LINK_PERF_EVENT, PERF_UPROBE, PERF_UPROBE_MEMBERS},
	{LINK_PERF_EVENT, PERF_URETPROBE, PERF_UPROBE_MEMBERS},
	{LINK_PERF_EVENT, PERF_KPROBE, PERF_KPROBE_MEMBERS},
	{LINK_PERF_EVENT, PERF_KRETPROBE, PERF_KPROBE_MEMBERS},
	{LINK_PERF_EVENT, PERF_TRACEPOINT,
	 MEMBERS({"tp_name", MEMBER_STRING, 8, 16}, {"cookie", MEMBER_U64, 24})},
	{LINK_PERF_EVENT, PERF_EVENT,
	 MEMBERS({"config", MEMBER_U64, 8}, {"event_type", MEMBER_U32, 16},
		 {"cookie", MEMBER_U64, 24})},
	{LINK_KPROBE_MULTI, 0,
	 MEMBERS({"func_count", MEMBER_U32, 8}, {"flags", MEMBER_U32, 12},
		 {"missed", MEMBER_U64, 16})},
	{LINK_STRUCT_OPS, 0, MEMBERS({"map_id", MEMBER_U32, 0})},
	{LINK_NETFILTER, 0,
	 MEMBERS({"pf", MEMBER_U32, 0}, {"hooknum", MEMBER_U32, 4}, {"priority", MEMBER_S32, 8},
		 {"flags", MEMBER_U32, 12})},
	{LINK_TCX, 0, IFINDEX_MEMBERS},
	{LINK_UPROBE_MULTI, 0,
	 MEMBERS({"path", MEMBER_STRING, 0, 32}, {"func_count", MEMBER_U32, 36},
		 {"flags", MEMBER_U32, 40}, {"pid", MEMBER_U32, 44})},
	{LINK_NETKIT, 0, IFINDEX_MEMBERS},
	{LINK_SOCKMAP, 0,
	 MEMBERS({"map_id", MEMBER_U32, 0}, {"attach_type", MEMBER_ATTACH_TYPE, 4})},
};

/* Iterators over one thing tell which, in members that depend on the target's name. */
static const struct link_type iterator_targets[] = {
	{0, 0, MEMBERS({"map_id", MEMBER_U32, 12})},
	{0, 0, MEMBERS({"cgroup_id", MEMBER_U64, 16}, {"order", MEMBER_U32, 24})},
	{0, 0, MEMBERS({"tid", MEMBER_U32, 16}, {"pid", MEMBER_U32, 20})},
};
static const struct {
	const char *target;
	const struct link_type *members;
} iterators[] = {
	{"bpf_map_elem", &iterator_targets[0]}, {"bpf_sk_storage_map", &iterator_targets[0]},
	{"sockmap", &iterator_targets[0]},	{"cgroup", &iterator_targets[1]},
	{"task", &iterator_targets[2]},		{"task_file", &iterator_targets[2]},
	{"task_vma", &iterator_targets[2]},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t detail_u32(const struct link_buffer *info, size_t offset)
{
	uint32_t number;

	memcpy(&number, info->detail + offset, sizeof(number));
	return number;
}

static uint64_t detail_u64(const struct link_buffer *info, size_t offset)
{
	uint64_t number;

	memcpy(&number, info->detail + offset, sizeof(number));
	return number;
}

static json_t *attach_type_json(uint32_t type)
{
	const char *name = libbpf_bpf_attach_type_str((enum bpf_attach_type)type);

	return name ? json_string(name) : json_integer(type);
}

/* Asks again with a place for one string; NULL where the kernel has none to give. */
static json_t *string_json(int fd, const struct link_member *member)
{
	char text[4096] = "";
	struct link_buffer info = {0};
	uint64_t pointer = pointer_u64(text);
	uint32_t length = sizeof(text);

	memcpy(info.detail + member->offset, &pointer, sizeof(pointer));
	memcpy(info.detail + member->length_offset, &length, sizeof(length));
	if (kernel_info(fd, &info, sizeof(info)) || !text[0])
		return NULL;
	text[sizeof(text) - 1] = '\0';
	return json_string(text);
}

static json_t *member_json(int fd, const struct link_buffer *info, const struct link_member *member)
{
	switch (member->kind) {
	case MEMBER_U32:
		return json_integer(detail_u32(info, member->offset));
	case MEMBER_S32:
		return json_integer((int32_t)detail_u32(info, member->offset));
	case MEMBER_U64:
		return json_integer((json_int_t)detail_u64(info, member->offset));
	case MEMBER_ATTACH_TYPE:
		return attach_type_json(detail_u32(info, member->offset));
	case MEMBER_STRING:
		return string_json(fd, member);
	}
	return NULL;
}

/* A string the kernel does not have is left out. */
static void members_add(json_t *detail, int fd, const struct link_buffer *info,
			const struct link_type *type)
{
	for (size_t i = 0; i < type->count; i++) {
		json_t *value = member_json(fd, info, &type->members[i]);

		if (value)
			json_object_set_new(detail, type->members[i].name, value);
	}
}

static void iterator_add(json_t *detail, int fd, const struct link_buffer *info)
{
	const char *target = json_string_value(json_object_get(detail, "target_name"));

	for (size_t i = 0; target && i < COUNT(iterators); i++)
		if (!strcmp(iterators[i].target, target))
			members_add(detail, fd, info, iterators[i].members);
}

static const char *perf_event_name(uint32_t type)
{
	static const char *const names[] = {"unspec",	 "uprobe",     "uretprobe", "kprobe",
					    "kretprobe", "tracepoint", "event"};

	return type < COUNT(names) ? names[type] : NULL;
}

/* The union's members for this link; an unknown type has none. */
static json_t *detail_json(int fd, const struct link_buffer *info)
{
	uint32_t subtype = info->type == LINK_PERF_EVENT ? detail_u32(info, 0) : 0;
	json_t *detail = json_object();

	if (!detail)
		return NULL;
	if (info->type == LINK_PERF_EVENT && perf_event_name(subtype))
		json_object_set_new(detail, "event", json_string(perf_event_name(subtype)));
	for (size_t i = 0; i < COUNT(link_types); i++)
		if (link_types[i].type == info->type && link_types[i].subtype == subtype)
			members_add(detail, fd, info, &link_types[i]);
	if (info->type == LINK_ITER)
		iterator_add(detail, fd, info);
	return detail;
}

int kernel_link_info(struct handle *link, struct link_info *info)
{
	struct link_buffer from = {0};
	int error = kernel_info(link->fd, &from, sizeof(from));

	if (error)
		return error;
	*info = (struct link_info){
		.type = from.type,
		.id = from.id,
		.prog_id = from.prog_id,
		.detail = detail_json(link->fd, &from),
	};
	return info->detail ? 0 : -ENOMEM;
}

int kernel_link_detach(struct handle *link)
{
	union bpf_attr attr = {.link_detach = {.link_fd = (uint32_t)link->fd}};

	return kernel_bpf(BPF_LINK_DETACH, &attr, ATTR_SIZE(link_detach.link_fd));
}
