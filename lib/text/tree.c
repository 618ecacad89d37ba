// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include "text/tree.h"

struct node *node_find(const struct node *object, const char *name, size_t length)
{
	for (struct node *child = object->first; child; child = child->next)
		if (child->name_length == length && memcmp(child->name, name, length) == 0)
			return child;
	return NULL;
}

bool node_is_text(const struct node *node, const char *text)
{
	return (node->kind == NODE_STRING || node->kind == NODE_WORD) &&
	       node->length == strlen(text) && memcmp(node->text, text, node->length) == 0;
}
