{
	description = "none";
	outputs = _: { };
}
