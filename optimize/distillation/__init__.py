"""What a student is told about its teachers, and how several of them become one."""
