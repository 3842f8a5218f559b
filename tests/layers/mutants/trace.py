# SPDX-License-Identifier: BSL-1.0
from subject import layer

SUBJECT = layer("trace", around="epoll", options="?file=/dev/null")

TRACE = "trace.cpp"

# file, defect, piece of the source, its replacement, rule that has to fail
MUTANTS = [
    (TRACE, "forward extensions that it does not know",
     "return wanted == PollableDescriptor::id || wanted == time::ClockSource::id ? inner().extension(id) : nullptr;",
     "return inner().extension(id);", "layer.unknown_extension"),
    (TRACE, "leave the file open", "if (!is_other()) close(descriptor_);", "", "selector.no_leak"),
    (TRACE, "write into whatever has the descriptor", "if (is_other()) return;", "", "wake.descriptors_replaced"),
    (TRACE, "leave the file open across exec", " | O_CLOEXEC", "", "selector.close_on_exec"),
    (TRACE, "lose the errors of remove()", "    return error;\n    }\n    std::error_code wake()",
     "    return {};\n    }\n    std::error_code wake()", "remove.unknown"),
]
