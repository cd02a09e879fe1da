"""The ReAct text protocol over any completion or chat model: `ReactEngine(inner)`, or the spec `react:SPEC`."""
