# cmake -DINPUT=file[,file..] -DOUTPUT=file.c -DNAME=symbol -P embed.cmake: a text file as a NUL-terminated C array.
# Several files are scripts that share one function's scope.
string(REPLACE "," ";" inputs "${INPUT}")
list(LENGTH inputs inputs_count)
set(hex "")
foreach(input ${inputs})
  file(READ ${input} part HEX)
  string(APPEND hex "${part}")
endforeach()
if(inputs_count GREATER 1)
  string(HEX "(function () {\n'use strict';\n" begin)
  string(HEX "})();\n" end)
  set(hex "${begin}${hex}${end}")
endif()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
# One line of 16 bytes each: compilers dislike endless lines.
string(REGEX REPLACE "(('[^']*',){16})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"assets_inner.h\"\n\nconst char ${NAME}[] = {\n${bytes}0};\n")
