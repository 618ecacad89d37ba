// SPDX-License-Identifier: BSD-2-Clause
/*
 * What only a whole value can be: the sections of a BPF object, and one value for each CPU. Both
 * take texts that say only a part; the rest is what the map holds now.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "text/characters.h"
#include "text/compound.h"

static int read_current(struct acceptor *acceptor, const struct type *type, unsigned char *bytes)
{
	int error = acceptor->current ? acceptor->current->read(acceptor->current->context, bytes)
				      : -ENOENT;

	if (error == -ENOENT || error == 0)
		return error;
	return fault_set(acceptor->fault, -error,
			 "the text gives a part, and the rest could not be read: %s",
			 strerror(-error));
}

/* --- sections --- */

/* What lies between the variables is shown, where it is not zero, under its offset: ".16". */
static bool render_gap(struct renderer *renderer, const struct gap *gap, struct node *object,
		       const unsigned char *bytes)
{
	struct node *node = node_text(renderer->arena, NODE_HEX, bytes + gap->offset, gap->length);
	char name[16];
	char *end = print_u64(name + 1, gap->offset);
	size_t length = (size_t)(end - name);

	name[0] = '.';
	if (!node)
		return false;
	node_name(node, arena_copy(renderer->arena, name, length), length);
	node_append(object, node);
	return node->name != NULL;
}

static struct node *render_section(struct renderer *renderer, const struct type *type,
				   const unsigned char *bytes)
{
	struct node *object = node_group(renderer->arena, NODE_OBJECT);

	for (uint32_t i = 0; object && i < type->member_count; i++) {
		struct node *child = render_member(renderer, &type->members[i], bytes);

		if (!child)
			return NULL;
		node_append(object, child);
	}
	for (uint32_t i = 0; object && i < type->gap_count; i++)
		if (!gap_is_zero(&type->gaps[i], bytes) &&
		    !render_gap(renderer, &type->gaps[i], object, bytes))
			return NULL;
	return object;
}

static const struct member *find_variable(const struct type *type, const struct node *child,
					  uint32_t *next)
{
	for (uint32_t i = 0; i < type->member_count; i++) {
		uint32_t at = (*next + i) % type->member_count;
		const struct member *member = &type->members[at];

		if (member->name_length == child->name_length &&
		    memcmp(member->name, child->name, child->name_length) == 0) {
			*next = at + 1;
			return member;
		}
	}
	return NULL;
}

static const struct gap *find_gap(const struct type *type, const struct node *child)
{
	uint64_t offset;

	if (!child->name_length || child->name[0] != '.' ||
	    !parse_u64(child->name + 1, child->name_length - 1, &offset))
		return NULL;
	for (uint32_t i = 0; i < type->gap_count; i++)
		if (type->gaps[i].offset == offset)
			return &type->gaps[i];
	return NULL;
}

static int accept_gap(struct acceptor *acceptor, const struct where *where, const struct gap *gap,
		      const struct node *child, unsigned char *bytes)
{
	struct where here = {where, child->name, child->name_length, 0};
	const struct type type = {.kind = TYPE_HEX, .size = gap->length, .name = "hex"};

	return accept_node(acceptor, &here, &type, child, bytes + gap->offset);
}

static int accept_variable(struct acceptor *acceptor, const struct where *where,
			   const struct member *member, const struct node *child,
			   unsigned char *bytes)
{
	/* What was there before must not shine through. */
	memset(bytes + member->offset, 0, member->type->size);
	return accept_member(acceptor, where, member, child, bytes);
}

/* How many variables does the text name? Each must be one, and only once. */
static int check_variables(struct acceptor *acceptor, const struct where *where,
			   const struct type *type, const struct node *node, uint32_t *count)
{
	bool *seen = arena_take_zero(acceptor->arena, (size_t)type->member_count + 1);
	char excerpt[EXCERPT_MAX];
	uint32_t next = 0;

	if (!seen)
		return -ENOMEM;
	*count = 0;
	for (struct node *child = node->first; child; child = child->next) {
		const struct member *member = find_variable(type, child, &next);

		if (!member && find_gap(type, child))
			continue;
		if (member && !seen[member - type->members]) {
			seen[member - type->members] = true;
			(*count)++;
			continue;
		}
		child->position = child->name_position;
		return accept_fault(
			acceptor, where, child,
			member ? "variable '%s' is given twice" : "variable '%s' is unknown in %s",
			text_excerpt(excerpt, child->name, child->name_length), type->name);
	}
	return 0;
}

static int accept_section(struct acceptor *acceptor, const struct where *where,
			  const struct type *type, const struct node *node, unsigned char *bytes)
{
	uint32_t count, next = 0;
	int error;

	if (node->kind != NODE_OBJECT)
		return accept_mismatch(acceptor, where, node, "an object of variables");
	error = check_variables(acceptor, where, type, node, &count);
	if (!error && count < type->member_count) {
		error = read_current(acceptor, type, bytes);
		if (error == -ENOENT)
			error = accept_fault(acceptor, where, node,
					     "only %u of %u variables are given, and there is no "
					     "value to take the others from",
					     count, type->member_count);
	}
	for (struct node *child = node->first; child && !error; child = child->next) {
		const struct member *member = find_variable(type, child, &next);

		error = member ? accept_variable(acceptor, where, member, child, bytes)
			       : accept_gap(acceptor, where, find_gap(type, child), child, bytes);
	}
	return error;
}

const struct kind kind_section = {render_section, accept_section};

/* --- a value for each CPU --- */

static struct node *render_percpu(struct renderer *renderer, const struct type *type,
				  const unsigned char *bytes)
{
	struct node *list = node_group(renderer->arena, NODE_LIST);

	for (uint32_t cpu = 0; list && cpu < type->count; cpu++) {
		const unsigned char *slot = bytes + (size_t)cpu * type->stride;
		struct gap tail = {type->element->size, type->stride - type->element->size, 0xff};
		struct node *child;

		/* The kernel keeps the slot's tail as well. */
		if (!gap_is_zero(&tail, slot))
			return NULL;
		child = render(renderer, type->element, slot);
		if (!child)
			return NULL;
		node_append(list, child);
	}
	return list;
}

static int accept_all_cpus(struct acceptor *acceptor, const struct where *where,
			   const struct type *type, const struct node *node, unsigned char *bytes)
{
	int error = accept_node(acceptor, where, type->element, node, bytes);

	for (uint32_t cpu = 1; !error && cpu < type->count; cpu++)
		memcpy(bytes + (size_t)cpu * type->stride, bytes, type->stride);
	return error;
}

static int accept_cpu_list(struct acceptor *acceptor, const struct where *where,
			   const struct type *type, const struct node *node, unsigned char *bytes)
{
	struct where here = {where, NULL, 0, 0};

	if (node->count != type->count)
		return accept_fault(acceptor, where, node,
				    "expected a list of %u values, one for each possible CPU, "
				    "got %zu",
				    type->count, node->count);
	for (const struct node *child = node->first; child; child = child->next) {
		int error = accept_node(acceptor, &here, type->element, child,
					bytes + here.index * type->stride);

		if (error)
			return error;
		here.index++;
	}
	return 0;
}

static int accept_one_cpu(struct acceptor *acceptor, const struct where *where,
			  const struct type *type, struct node *child, bool *seen,
			  unsigned char *bytes)
{
	struct where here = {where, child->name, child->name_length, 0};
	char excerpt[EXCERPT_MAX];
	uint64_t cpu;

	if (!parse_u64(child->name, child->name_length, &cpu) || cpu >= type->count) {
		child->position = child->name_position;
		return accept_fault(acceptor, where, child,
				    "expected the number of a possible CPU, 0 to %u, got \"%s\"",
				    type->count - 1,
				    text_excerpt(excerpt, child->name, child->name_length));
	}
	if (seen[cpu]) {
		child->position = child->name_position;
		return accept_fault(acceptor, where, child, "CPU %u is given twice", (unsigned)cpu);
	}
	seen[cpu] = true;
	bytes += cpu * type->stride;
	memset(bytes, 0, type->stride);
	return accept_node(acceptor, &here, type->element, child, bytes);
}

static int accept_some_cpus(struct acceptor *acceptor, const struct where *where,
			    const struct type *type, const struct node *node, unsigned char *bytes)
{
	bool *seen = arena_take_zero(acceptor->arena, type->count);
	int error = 0;

	if (!seen)
		return -ENOMEM;
	if (node->count < type->count)
		error = read_current(acceptor, type, bytes);
	if (error == -ENOENT) /* a new element: zero on the other CPUs */
		error = 0;
	for (struct node *child = node->first; child && !error; child = child->next)
		error = accept_one_cpu(acceptor, where, type, child, seen, bytes);
	return error;
}

/* Lists within lists: how deep the type prints them, and how deep the text is. */
static unsigned type_depth(const struct type *type)
{
	return type->kind == TYPE_ARRAY ? 1 + type_depth(type->element) : 0;
}

static unsigned node_depth(const struct node *node)
{
	return node->kind == NODE_LIST ? 1 + (node->first ? node_depth(node->first) : 0) : 0;
}

/* "{"1":v}": no member of a struct is called by a number. */
static bool names_cpus(const struct node *node)
{
	return node->kind == NODE_OBJECT && !node->from_name && node->first &&
	       node->first->name_length && is_digit(node->first->name[0]);
}

static int accept_percpu(struct acceptor *acceptor, const struct where *where,
			 const struct type *type, const struct node *node, unsigned char *bytes)
{
	unsigned depth = type_depth(type->element);

	if (names_cpus(node))
		return accept_some_cpus(acceptor, where, type, node, bytes);
	/* A value that is a list itself, and no list of such values, is one for all. */
	if (node->kind == NODE_LIST && (!depth || node_depth(node) > depth))
		return accept_cpu_list(acceptor, where, type, node, bytes);
	return accept_all_cpus(acceptor, where, type, node, bytes);
}

const struct kind kind_percpu = {render_percpu, accept_percpu};
