// SPDX-License-Identifier: BSD-2-Clause
/* Arrays, structs and unions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "text/characters.h"
#include "text/compound.h"

/* --- arrays --- */

static struct node *render_array(struct renderer *renderer, const struct type *type,
				 const unsigned char *bytes)
{
	struct node *list;

	if (type->is_bytes) {
		list = node_text(renderer->arena, NODE_BYTES, bytes, type->size);
		if (list)
			list->negative = type->element->is_signed;
		return list;
	}
	list = node_group(renderer->arena, NODE_LIST);
	for (uint32_t i = 0; list && i < type->count; i++) {
		struct node *child =
			render(renderer, type->element, bytes + (size_t)i * type->stride);

		if (!child)
			return NULL;
		node_append(list, child);
	}
	return list;
}

/* In a name, the children of a list are called by their indexes, in any order. */
static int find_index(struct acceptor *acceptor, const struct where *where, const struct type *type,
		      const struct node *child, uint64_t *index)
{
	char excerpt[EXCERPT_MAX];

	if (parse_u64(child->name, child->name_length, index) && *index < type->count)
		return 0;
	return accept_fault(acceptor, where, child, "expected an index from 0 to %u, got %s",
			    type->count - 1,
			    text_excerpt(excerpt, child->name, child->name_length));
}

static int accept_named_list(struct acceptor *acceptor, const struct where *where,
			     const struct type *type, const struct node *node, unsigned char *bytes)
{
	bool *seen = arena_take_zero(acceptor->arena, type->count);

	if (!seen)
		return -ENOMEM;
	for (const struct node *child = node->first; child; child = child->next) {
		struct where here = {where, NULL, 0, 0};
		uint64_t index;
		int error = find_index(acceptor, where, type, child, &index);

		if (error)
			return error;
		here.index = index;
		if (seen[index])
			return accept_fault(acceptor, &here, child, "given twice");
		seen[index] = true;
		error = accept_node(acceptor, &here, type->element, child,
				    bytes + index * type->stride);
		if (error)
			return error;
	}
	return 0;
}

static int accept_array(struct acceptor *acceptor, const struct where *where,
			const struct type *type, const struct node *node, unsigned char *bytes)
{
	struct where here = {where, NULL, 0, 0};
	char expected[64];
	int error;

	snprintf(expected, sizeof(expected), "a list of %u", type->count);
	if (node->kind != NODE_LIST && !(node->kind == NODE_OBJECT && node->from_name))
		return accept_mismatch(acceptor, where, node, expected);
	if (node->count != type->count)
		return accept_fault(acceptor, where, node,
				    "expected %u elements in the list, got %zu", type->count,
				    node->count);
	if (node->kind == NODE_OBJECT)
		return accept_named_list(acceptor, where, type, node, bytes);
	for (const struct node *child = node->first; child; child = child->next) {
		error = accept_node(acceptor, &here, type->element, child, bytes);
		if (error)
			return error;
		bytes += type->stride;
		here.index++;
	}
	return 0;
}

const struct kind kind_array = {render_array, accept_array};

/* --- structs and unions, as they are read --- */

bool gap_is_zero(const struct gap *gap, const unsigned char *bytes)
{
	for (uint32_t i = 0; i < gap->length; i++)
		if (bytes[gap->offset + i] & gap->mask)
			return false;
	return true;
}

/* A bit-field is rendered as its type would be, from a copy with all its bits. */
static struct node *render_bits(struct renderer *renderer, const struct member *member,
				const unsigned char *bytes)
{
	unsigned char copy[16] = {0};
	uint64_t number =
		bits_read(bytes, member->bit_offset, member->bit_size, member->type->is_signed);

	number_bytes(copy, member->type->size, number);
	return render(renderer, member->type, copy);
}

struct node *render_member(struct renderer *renderer, const struct member *member,
			   const unsigned char *bytes)
{
	struct node *node = member->bit_size
				    ? render_bits(renderer, member, bytes)
				    : render(renderer, member->type, bytes + member->offset);

	if (!node)
		return NULL;
	node_name(node, member->name, member->name_length);
	node->plain_name = member->plain_name;
	return node;
}

/* The members of an anonymous one become members of the object itself. */
static bool render_anonymous(struct renderer *renderer, struct node *object,
			     const struct member *member, const unsigned char *bytes)
{
	struct node *inner;

	if (member->type->kind == TYPE_SPECIAL)
		return true;
	inner = render_exact(renderer, member->type, bytes + member->offset);
	if (!inner)
		return false;
	if (!inner->first)
		return true;
	if (object->last)
		object->last->next = inner->first;
	else
		object->first = inner->first;
	object->last = inner->last;
	object->count += inner->count;
	return true;
}

static struct node *render_struct(struct renderer *renderer, const struct type *type,
				  const unsigned char *bytes)
{
	struct node *object;

	for (uint32_t i = 0; i < type->gap_count; i++)
		if (!gap_is_zero(&type->gaps[i], bytes))
			return NULL;
	object = node_group(renderer->arena, NODE_OBJECT);
	for (uint32_t i = 0; object && i < type->member_count; i++) {
		const struct member *member = &type->members[i];
		struct node *child;

		if (!member->name_length) {
			if (!render_anonymous(renderer, object, member, bytes))
				return NULL;
			continue;
		}
		child = render_member(renderer, member, bytes);
		if (!child)
			return NULL;
		node_append(object, child);
	}
	return object;
}

/* --- and as they are written --- */

static int accept_bits(struct acceptor *acceptor, const struct where *where,
		       const struct member *member, const struct node *node, unsigned char *bytes)
{
	bool is_signed = member->type->is_signed;
	unsigned char copy[16] = {0};
	uint64_t number, kept;
	int error = accept_node(acceptor, where, member->type, node, copy);

	if (error)
		return error;
	number = bytes_number(copy, member->type->size);
	if (is_signed)
		number = sign_extend(number, member->type->size * 8);
	bits_write(bytes, member->bit_offset, member->bit_size, number);
	kept = bits_read(bytes, member->bit_offset, member->bit_size, is_signed);
	if (kept == number)
		return 0;
	return accept_fault(acceptor, where, node, "out of range for %s bit-field of %u bits",
			    is_signed ? "a signed" : "an unsigned", member->bit_size);
}

int accept_member(struct acceptor *acceptor, const struct where *where, const struct member *member,
		  const struct node *node, unsigned char *bytes)
{
	struct where here = {where, member->name, member->name_length, 0};

	if (member->bit_size)
		return accept_bits(acceptor, &here, member, node, bytes);
	return accept_node(acceptor, &here, member->type, node, bytes + member->offset);
}

/*
 * A text's object, and which of its children have found their member. Anonymous structs and
 * unions take their members from the same object.
 */
struct members {
	struct node *const *children;
	bool *taken;
	size_t count;
	size_t next; /* where the next member is, if they come in order */
};

static bool find_child(const struct members *members, const struct member *member, size_t *index)
{
	for (size_t i = 0; i < members->count; i++) {
		size_t at = members->next + i;
		const struct node *child;

		at -= at >= members->count ? members->count : 0; /* from the start again */
		child = members->children[at];
		if (child->name_length == member->name_length &&
		    memcmp(child->name, member->name, member->name_length) == 0) {
			*index = at;
			return true;
		}
	}
	return false;
}

static int accept_members(struct acceptor *acceptor, const struct where *where,
			  const struct type *type, const struct node *object,
			  struct members *members, unsigned char *bytes);

/* Is any member of an anonymous one in the text? */
static bool is_given(const struct members *members, const struct member *member)
{
	const struct type *type = member->type;
	size_t index;

	if (member->name_length)
		return find_child(members, member, &index);
	for (uint32_t i = 0; i < type->member_count && type->kind != TYPE_SPECIAL; i++)
		if (is_given(members, &type->members[i]))
			return true;
	return false;
}

static int accept_one(struct acceptor *acceptor, const struct where *where,
		      const struct member *member, const struct node *object,
		      struct members *members, unsigned char *bytes)
{
	size_t index;

	if (!member->name_length)
		return member->type->kind == TYPE_SPECIAL
			       ? 0
			       : accept_members(acceptor, where, member->type, object, members,
						bytes + member->offset);
	if (!find_child(members, member, &index)) {
		/* A name has no place for what has no text. */
		if (member->type->kind == TYPE_SPECIAL ||
		    (object->from_name && !type_has_text(member->type)))
			return 0;
		return accept_fault(acceptor, where, object, "member '%.*s' (%s) is missing",
				    (int)(member->name_length > 64 ? 64 : member->name_length),
				    member->name, member->type->name);
	}
	members->next = index + 1;
	return accept_member(acceptor, where, member, members->children[index], bytes);
}

/* The bits that a member covers, as ones. */
static void member_mask(const struct type *type, const struct member *member, unsigned char *mask)
{
	memset(mask, 0, type->size);
	if (member->bit_size)
		bits_write(mask, member->bit_offset, member->bit_size, UINT64_MAX);
	else
		memset(mask + member->offset, 0xff, member->type->size);
}

/* Adds a member's bits to what is there; false if they contradict what is covered already. */
static bool merge_alternative(uint32_t size, const unsigned char *copy, const unsigned char *mask,
			      unsigned char *covered, unsigned char *bytes)
{
	for (uint32_t i = 0; i < size; i++) {
		if ((copy[i] ^ bytes[i]) & mask[i] & covered[i])
			return false;
		bytes[i] = (unsigned char)((bytes[i] & ~mask[i]) | (copy[i] & mask[i]));
		covered[i] |= mask[i];
	}
	return true;
}

/*
 * Each member that the text gives is written for itself; where two cover the same bits they
 * must agree. What none covers is zero.
 */
static int accept_alternatives(struct acceptor *acceptor, const struct where *where,
			       const struct type *type, const struct node *object,
			       struct members *members, unsigned char *bytes)
{
	unsigned char *covered = arena_take_zero(acceptor->arena, type->size);
	unsigned char *copy = arena_take(acceptor->arena, type->size);
	unsigned char *mask = arena_take(acceptor->arena, type->size);
	bool given = !type_has_text(type);
	int error;

	if (!covered || !copy || !mask)
		return -ENOMEM;
	for (uint32_t i = 0; i < type->member_count; i++) {
		const struct member *member = &type->members[i];

		if (!is_given(members, member))
			continue;
		memset(copy, 0, type->size);
		error = accept_one(acceptor, where, member, object, members, copy);
		if (error)
			return error;
		member_mask(type, member, mask);
		if (!merge_alternative(type->size, copy, mask, covered, bytes))
			return accept_fault(acceptor, where, object,
					    "member '%s' of %s contradicts the one before it: "
					    "give one of them",
					    member->name, type->name);
		given = true;
	}
	if (given)
		return 0;
	return accept_fault(acceptor, where, object, "no member of %s is given", type->name);
}

static int accept_members(struct acceptor *acceptor, const struct where *where,
			  const struct type *type, const struct node *object,
			  struct members *members, unsigned char *bytes)
{
	int error;

	if (type->kind == TYPE_UNION)
		return accept_alternatives(acceptor, where, type, object, members, bytes);
	for (uint32_t i = 0; i < type->member_count; i++) {
		error = accept_one(acceptor, where, &type->members[i], object, members, bytes);
		if (error)
			return error;
	}
	return 0;
}

static void take_members(const struct type *type, struct members *members)
{
	for (uint32_t i = 0; i < type->member_count; i++) {
		const struct member *member = &type->members[i];
		size_t index;

		if (!member->name_length && member->type->kind != TYPE_SPECIAL)
			take_members(member->type, members);
		if (!member->name_length || !find_child(members, member, &index))
			continue;
		members->taken[index] = true;
		members->next = index + 1;
	}
}

/* A child that is no member's is unknown, or another one of the same name is the member's. */
static int check_taken(struct acceptor *acceptor, const struct where *where,
		       const struct type *type, const struct members *members)
{
	char excerpt[EXCERPT_MAX];

	for (size_t i = 0; i < members->count; i++) {
		struct node *child = members->children[i];
		bool doubled = false;

		if (members->taken[i])
			continue;
		for (size_t j = 0; j < members->count && !doubled; j++)
			doubled = members->taken[j] &&
				  child->name_length == members->children[j]->name_length &&
				  memcmp(child->name, members->children[j]->name,
					 child->name_length) == 0;
		child->position = child->name_position;
		return accept_fault(
			acceptor, where, child,
			doubled ? "member '%s' is given twice" : "member '%s' is unknown in %s",
			text_excerpt(excerpt, child->name, child->name_length), type->name);
	}
	return 0;
}

static int list_children(struct arena *arena, const struct node *object, struct node ***children)
{
	size_t count = 0;

	*children = arena_take(arena, object->count * sizeof(**children));
	if (!*children)
		return -ENOMEM;
	for (struct node *child = object->first; child; child = child->next)
		(*children)[count++] = child;
	return 0;
}

static int accept_struct(struct acceptor *acceptor, const struct where *where,
			 const struct type *type, const struct node *node, unsigned char *bytes)
{
	struct members members = {NULL, NULL, node->count, 0};
	struct node **children;
	int error;

	if (node->kind != NODE_OBJECT) {
		char expected[96];

		snprintf(expected, sizeof(expected), "%s, %.64s",
			 node->from_name ? "MEMBER=VALUE,..." : "an object", type->name);
		return accept_mismatch(acceptor, where, node, expected);
	}
	members.taken = arena_take_zero(acceptor->arena, node->count);
	error = list_children(acceptor->arena, node, &children);
	if (error || !members.taken)
		return -ENOMEM;
	members.children = children;
	take_members(type, &members);
	error = check_taken(acceptor, where, type, &members);
	if (error)
		return error;
	members.next = 0;
	return accept_members(acceptor, where, type, node, &members, bytes);
}

const struct kind kind_struct = {render_struct, accept_struct};
const struct kind kind_union = {render_struct, accept_struct};
