// SPDX-License-Identifier: BSD-2-Clause
/*
 * Values that refer to other objects: bpf(2) wants file descriptors and gives back ids. What is
 * referred to is asked for each time; ids and names may be another object's the next moment.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "text/characters.h"
#include "text/kind.h"

/* --- names of objects --- */

static int object_name(struct handle *object, char name[OBJECT_NAME_MAX])
{
	struct map_info map;
	struct prog_info prog = {0};
	int error;

	if (object->kind == OBJECT_MAP) {
		error = map_info(object, &map);
		if (!error)
			memcpy(name, map.name, OBJECT_NAME_MAX);
		return error;
	}
	error = prog_info(object, &prog);
	if (!error)
		memcpy(name, prog.name, OBJECT_NAME_MAX);
	prog_info_free(&prog);
	return error;
}

static bool append_number(struct renderer *renderer, struct node *object, const char *name,
			  uint64_t number)
{
	struct node *child = node_number(renderer->arena, NODE_UNSIGNED, number);

	if (!child)
		return false;
	node_name(child, name, strlen(name));
	node_append(object, child);
	return true;
}

static bool append_string(struct renderer *renderer, struct node *object, const char *name,
			  const char *text)
{
	size_t length = strlen(text);
	char *copy = arena_copy(renderer->arena, text, length);
	struct node *child = copy ? node_text(renderer->arena, NODE_STRING, copy, length) : NULL;

	if (!child)
		return false;
	node_name(child, name, strlen(name));
	node_append(object, child);
	return true;
}

static struct node *render_object(struct renderer *renderer, enum object_kind kind, uint32_t id)
{
	cleanup_with(handle_closep) struct handle *handle = NULL;
	struct node *object = node_group(renderer->arena, NODE_OBJECT);
	char name[OBJECT_NAME_MAX + 1] = "";

	if (!object || !append_number(renderer, object, "id", id))
		return NULL;
	/* Without the right to open it, or when it is gone by now, the id has to do. */
	if (renderer->backend && object_open(renderer->backend, kind, id, 0, &handle) == 0 &&
	    object_name(handle, name) == 0 && !append_string(renderer, object, "name", name))
		return NULL;
	return object;
}

/* --- one object, by id or by pin --- */

static int hold(struct acceptor *acceptor, struct handle *handle, int *fd)
{
	struct value_input *input = acceptor->input;

	if (!input || input->held_count == sizeof(input->held) / sizeof(input->held[0])) {
		handle_close(handle);
		return -EINVAL;
	}
	input->held[input->held_count++] = handle;
	*fd = handle_fd(handle);
	return 0;
}

static const char *kind_word(enum object_kind kind)
{
	return kind == OBJECT_MAP ? "map" : "program";
}

static int open_by_id(struct acceptor *acceptor, enum object_kind kind, uint64_t id, int *fd)
{
	struct handle *handle;
	int error = id > UINT32_MAX
			    ? -ENOENT
			    : object_open(acceptor->backend, kind, (uint32_t)id, 0, &handle);

	if (!error)
		return hold(acceptor, handle, fd);
	if (error == -ENOENT)
		return fault_set(acceptor->fault, ENOENT, "there is no %s with the id %llu",
				 kind_word(kind), (unsigned long long)id);
	return fault_set(acceptor->fault, -error, "%s %llu cannot be opened: %s", kind_word(kind),
			 (unsigned long long)id, strerror(-error));
}

static int open_pinned(struct acceptor *acceptor, enum object_kind kind, const char *path,
		       size_t length, int *fd)
{
	const char *name = arena_copy(acceptor->arena, path, length);
	struct handle *handle;
	int error;

	if (!name)
		return -ENOMEM;
	error = pin_open(acceptor->backend, pin_path(acceptor->backend, name), 0, &handle);
	if (error)
		return fault_set(acceptor->fault, -error, "pinned=%s cannot be opened: %s", name,
				 strerror(-error));
	if (handle->kind != kind) {
		handle_close(handle);
		return fault_set(acceptor->fault, EINVAL, "pinned=%s is not a %s", name,
				 kind_word(kind));
	}
	return hold(acceptor, handle, fd);
}

static bool cut_prefix(const char **text, size_t *length, const char *prefix)
{
	size_t prefix_length = strlen(prefix);

	if (*length < prefix_length || memcmp(*text, prefix, prefix_length) != 0)
		return false;
	*text += prefix_length;
	*length -= prefix_length;
	return true;
}

/* "42", also with the word that a SPEC has for it ("map=42", "prog=42"), or "pinned=PATH". */
static int accept_object_text(struct acceptor *acceptor, enum object_kind kind,
			      const struct node *node, const char *text, size_t length, int *fd)
{
	char expected[80];
	uint64_t id;

	if (cut_prefix(&text, &length, "pinned="))
		return open_pinned(acceptor, kind, text, length, fd);
	cut_prefix(&text, &length, kind == OBJECT_MAP ? "map=" : "prog=");
	if (parse_u64(text, length, &id))
		return open_by_id(acceptor, kind, id, fd);
	snprintf(expected, sizeof(expected), "the id of a %s or pinned=PATH", kind_word(kind));
	return accept_mismatch(acceptor, NULL, node, expected);
}

/* The members an object may have; each at most once. */
struct allowed {
	const char *name;
	const struct node *node;
};

static int find_members(struct acceptor *acceptor, const struct node *object,
			struct allowed *allowed, size_t count, const char *what)
{
	for (struct node *child = object->first; child; child = child->next) {
		char excerpt[EXCERPT_MAX];
		size_t i = 0;

		while (i < count && (strlen(allowed[i].name) != child->name_length ||
				     memcmp(allowed[i].name, child->name, child->name_length) != 0))
			i++;
		if (i < count && !allowed[i].node) {
			allowed[i].node = child;
			continue;
		}
		return accept_fault(acceptor, NULL, child,
				    i < count ? "member '%s' is given twice"
					      : "member '%s' is unknown in %s",
				    text_excerpt(excerpt, child->name, child->name_length), what);
	}
	return 0;
}

static int accept_id(struct acceptor *acceptor, enum object_kind kind, const char *name,
		     const struct node *node, int *fd)
{
	struct where here = {NULL, name, strlen(name), 0};
	uint64_t id;
	int error = accept_number(acceptor, &here, node, 4, false, &id);

	return error ? error : open_by_id(acceptor, kind, id, fd);
}

/* An id may have been given to another object since the text was printed: the name tells. */
static int check_name(struct acceptor *acceptor, const struct node *node)
{
	struct handle *handle = acceptor->input->held[acceptor->input->held_count - 1];
	char name[OBJECT_NAME_MAX + 1] = "";
	struct where here = {NULL, "name", 4, 0};
	int error = object_name(handle, name);

	if (error)
		return fault_set(acceptor->fault, -error, "the %s cannot be asked for its name: %s",
				 kind_word(handle->kind), strerror(-error));
	if (node_is_text(node, name))
		return 0;
	return accept_fault(acceptor, &here, node, "the %s of that id is called \"%s\"",
			    kind_word(handle->kind), name);
}

static int accept_object_members(struct acceptor *acceptor, enum object_kind kind,
				 const struct node *node, int *fd)
{
	struct allowed allowed[] = {{"id", NULL}, {"name", NULL}};
	int error = find_members(acceptor, node, allowed, 2, "a reference");

	if (error)
		return error;
	if (!allowed[0].node)
		return accept_fault(acceptor, NULL, node, "member 'id' (u32) is missing");
	error = accept_id(acceptor, kind, "id", allowed[0].node, fd);
	return error || !allowed[1].node ? error : check_name(acceptor, allowed[1].node);
}

static int accept_object(struct acceptor *acceptor, enum object_kind kind, const struct node *node,
			 unsigned char *bytes)
{
	int fd, error;

	if (node->kind == NODE_OBJECT)
		error = accept_object_members(acceptor, kind, node, &fd);
	else if (node_has_text(node))
		error = accept_object_text(acceptor, kind, node, node->text, node->length, &fd);
	else
		error = accept_mismatch(acceptor, NULL, node, "the id of an object");
	if (!error)
		number_bytes(bytes, 4, (uint64_t)fd);
	return error;
}

static struct node *render_map_reference(struct renderer *renderer, const struct type *type,
					 const unsigned char *bytes)
{
	return render_object(renderer, OBJECT_MAP, (uint32_t)bytes_number(bytes, 4));
}

static int accept_map_reference(struct acceptor *acceptor, const struct where *where,
				const struct type *type, const struct node *node,
				unsigned char *bytes)
{
	return accept_object(acceptor, OBJECT_MAP, node, bytes);
}

const struct kind kind_map_reference = {render_map_reference, accept_map_reference};

static struct node *render_prog_reference(struct renderer *renderer, const struct type *type,
					  const unsigned char *bytes)
{
	return render_object(renderer, OBJECT_PROG, (uint32_t)bytes_number(bytes, 4));
}

static int accept_prog_reference(struct acceptor *acceptor, const struct where *where,
				 const struct type *type, const struct node *node,
				 unsigned char *bytes)
{
	return accept_object(acceptor, OBJECT_PROG, node, bytes);
}

const struct kind kind_prog_reference = {render_prog_reference, accept_prog_reference};

/* --- struct bpf_devmap_val and struct bpf_cpumap_val: a number, and perhaps a program --- */

static bool append_prog_id(struct renderer *renderer, const struct type *type, struct node *object,
			   const unsigned char *bytes)
{
	return type->size < 8 ||
	       append_number(renderer, object, "prog_id", bytes_number(bytes + 4, 4));
}

/* The words behind the first one: "prog=17". */
static int accept_prog_word(struct acceptor *acceptor, const struct type *type,
			    const struct node *node, const char *text, size_t length,
			    unsigned char *bytes)
{
	char excerpt[EXCERPT_MAX];
	int fd = 0, error;

	while (length && is_space(*text)) {
		text++;
		length--;
	}
	if (!length)
		return 0;
	if (!cut_prefix(&text, &length, "prog="))
		return accept_fault(acceptor, NULL, node, "expected prog=ID, got %s",
				    text_excerpt(excerpt, text, length));
	if (type->size < 8)
		return accept_fault(acceptor, NULL, node,
				    "values of 4 bytes have no place for a program");
	error = accept_object_text(acceptor, OBJECT_PROG, node, text, length, &fd);
	if (!error)
		number_bytes(bytes + 4, 4, (uint64_t)fd);
	return error;
}

/* prog_id 0: no program, as it is read back. */
static int accept_prog_member(struct acceptor *acceptor, const struct type *type,
			      const struct node *node, unsigned char *bytes)
{
	int fd = 0, error = 0;

	if (!node || node_is_text(node, "0"))
		return 0;
	if (type->size < 8)
		return accept_fault(acceptor, NULL, node,
				    "values of 4 bytes have no place for a program");
	error = accept_id(acceptor, OBJECT_PROG, "prog_id", node, &fd);
	if (!error)
		number_bytes(bytes + 4, 4, (uint64_t)fd);
	return error;
}

/* The first word of the text: up to white space. */
static size_t word_length(const struct node *node)
{
	size_t length = 0;

	while (length < node->length && !is_space(node->text[length]))
		length++;
	return length;
}

/* --- bytes with ids, as a lookup gives them --- */

int accept_ids(struct acceptor *acceptor, const struct type *type, unsigned char *bytes)
{
	bool is_map = type->kind == TYPE_MAP_REFERENCE;
	int fd = -1, error;

	if (type->kind == TYPE_DEVMAP || type->kind == TYPE_CPUMAP) {
		bytes += 4;
		if (type->size < 8 || !bytes_number(bytes, 4))
			return 0;
	} else if (!is_map && type->kind != TYPE_PROG_REFERENCE) {
		return 0;
	}
	error = open_by_id(acceptor, is_map ? OBJECT_MAP : OBJECT_PROG, bytes_number(bytes, 4),
			   &fd);
	if (!error)
		number_bytes(bytes, 4, (uint64_t)fd);
	return error;
}

/* --- devmap --- */

static struct node *render_devmap(struct renderer *renderer, const struct type *type,
				  const unsigned char *bytes)
{
	uint32_t ifindex = (uint32_t)bytes_number(bytes, 4);
	struct node *object = node_group(renderer->arena, NODE_OBJECT);
	struct device_info device;

	if (!object || !append_number(renderer, object, "ifindex", ifindex))
		return NULL;
	if (renderer->backend && device_by_ifindex(renderer->backend, ifindex, &device) == 0 &&
	    !append_string(renderer, object, "ifname", device.name))
		return NULL;
	return append_prog_id(renderer, type, object, bytes) ? object : NULL;
}

static int find_device(struct acceptor *acceptor, const struct node *node, const char *name,
		       size_t length, uint64_t *ifindex)
{
	char copy[DEVICE_NAME_MAX], excerpt[EXCERPT_MAX];
	struct device_info device;

	if (!length || length >= sizeof(copy) || memchr(name, '\0', length))
		return accept_mismatch(acceptor, NULL, node, "the name or index of an interface");
	memcpy(copy, name, length);
	copy[length] = '\0';
	if (device_find(acceptor->backend, copy, &device))
		return accept_fault(acceptor, NULL, node, "there is no interface called %s",
				    text_excerpt(excerpt, name, length));
	*ifindex = device.ifindex;
	return 0;
}

static int accept_ifname(struct acceptor *acceptor, const struct node *name, bool has_index,
			 uint64_t *ifindex)
{
	uint64_t found;
	int error;

	if (!node_has_text(name))
		return accept_mismatch(acceptor, NULL, name, "the name of an interface");
	error = find_device(acceptor, name, name->text, name->length, &found);
	if (error)
		return error;
	if (has_index && found != *ifindex)
		return accept_fault(acceptor, NULL, name,
				    "ifindex %u and ifname are not the same interface: that one "
				    "has the index %u",
				    (unsigned)*ifindex, (unsigned)found);
	*ifindex = found;
	return 0;
}

static int accept_devmap_members(struct acceptor *acceptor, const struct type *type,
				 const struct node *node, unsigned char *bytes)
{
	struct allowed allowed[] = {{"ifindex", NULL}, {"ifname", NULL}, {"prog_id", NULL}};
	struct where here = {NULL, "ifindex", 7, 0};
	uint64_t ifindex = 0;
	int error = find_members(acceptor, node, allowed, 3, "a devmap value");

	if (error)
		return error;
	if (!allowed[0].node && !allowed[1].node)
		return accept_fault(acceptor, NULL, node, "member 'ifindex' (u32) is missing");
	if (allowed[0].node)
		error = accept_number(acceptor, &here, allowed[0].node, 4, false, &ifindex);
	if (!error && allowed[1].node)
		error = accept_ifname(acceptor, allowed[1].node, allowed[0].node, &ifindex);
	if (error)
		return error;
	number_bytes(bytes, 4, ifindex);
	return accept_prog_member(acceptor, type, allowed[2].node, bytes);
}

static int accept_devmap(struct acceptor *acceptor, const struct where *where,
			 const struct type *type, const struct node *node, unsigned char *bytes)
{
	uint64_t ifindex;
	size_t length;
	int error = 0;

	if (node->kind == NODE_OBJECT)
		return accept_devmap_members(acceptor, type, node, bytes);
	if (!node_has_text(node))
		return accept_mismatch(acceptor, where, node, "the name or index of an interface");
	length = word_length(node);
	if (!parse_u64(node->text, length, &ifindex) || ifindex > UINT32_MAX)
		error = find_device(acceptor, node, node->text, length, &ifindex);
	if (error)
		return error;
	number_bytes(bytes, 4, ifindex);
	return accept_prog_word(acceptor, type, node, node->text + length, node->length - length,
				bytes);
}

const struct kind kind_devmap = {render_devmap, accept_devmap};

/* --- cpumap --- */

static struct node *render_cpumap(struct renderer *renderer, const struct type *type,
				  const unsigned char *bytes)
{
	struct node *object = node_group(renderer->arena, NODE_OBJECT);

	if (!object || !append_number(renderer, object, "qsize", bytes_number(bytes, 4)) ||
	    !append_prog_id(renderer, type, object, bytes))
		return NULL;
	return object;
}

static int accept_cpumap_members(struct acceptor *acceptor, const struct type *type,
				 const struct node *node, unsigned char *bytes)
{
	struct allowed allowed[] = {{"qsize", NULL}, {"prog_id", NULL}};
	struct where here = {NULL, "qsize", 5, 0};
	uint64_t qsize;
	int error = find_members(acceptor, node, allowed, 2, "a cpumap value");

	if (error)
		return error;
	if (!allowed[0].node)
		return accept_fault(acceptor, NULL, node, "member 'qsize' (u32) is missing");
	error = accept_number(acceptor, &here, allowed[0].node, 4, false, &qsize);
	if (error)
		return error;
	number_bytes(bytes, 4, qsize);
	return accept_prog_member(acceptor, type, allowed[1].node, bytes);
}

static int accept_cpumap(struct acceptor *acceptor, const struct where *where,
			 const struct type *type, const struct node *node, unsigned char *bytes)
{
	struct node first = *node;
	uint64_t qsize;
	int error;

	if (node->kind == NODE_OBJECT)
		return accept_cpumap_members(acceptor, type, node, bytes);
	if (!node_has_text(node))
		return accept_mismatch(acceptor, where, node, "the size of a queue");
	first.length = word_length(node);
	error = accept_number(acceptor, where, &first, 4, false, &qsize);
	if (error)
		return error;
	number_bytes(bytes, 4, qsize);
	return accept_prog_word(acceptor, type, node, node->text + first.length,
				node->length - first.length, bytes);
}

const struct kind kind_cpumap = {render_cpumap, accept_cpumap};
