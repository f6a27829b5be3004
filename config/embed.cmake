# Writes file IN as a C array named after it into header OUT.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "((0x..,){16})" "\\1\n" bytes "${bytes}")
get_filename_component(name ${IN} NAME)
string(MAKE_C_IDENTIFIER ${name} name)
file(WRITE ${OUT} "static const unsigned char ${name}[] = {\n${bytes}\n};\n")
