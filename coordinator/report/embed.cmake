# cmake -DINPUT=file -DOUTPUT=file.c -DNAME=symbol -P embed.cmake: a text file as a NUL-terminated C array.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
# One line of 16 bytes each: compilers dislike endless lines.
string(REGEX REPLACE "(('[^']*',){16})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"assets.h\"\n\nconst char ${NAME}[] = {\n${bytes}0};\n")
