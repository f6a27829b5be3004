/* What cppcheck has to know of headers that it does not read. */
#define _GNU_SOURCE 1
#define __linux__ 1
#define NETPALE_VERSION ""
#define JSON_INTEGER_FORMAT "lld"
#define json_array_foreach(array, i, value)                                              \
	for (i = 0; (value = json_array_get(array, i)); i++)
#define mnl_attr_for_each(attr, m, offset)                                               \
	for (attr = mnl_attr_first(m, offset); attr; attr = mnl_attr_next(attr))
#define mnl_attr_for_each_nested(attr, nest) mnl_attr_for_each (attr, nest, 0)
#define mnl_attr_for_each_payload(bytes, length)                                         \
	for (attr = mnl_attr_first(bytes, length); attr; attr = mnl_attr_next(attr))
