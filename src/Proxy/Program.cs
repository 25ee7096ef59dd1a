using System.CommandLine;

var root = new RootCommand("Per-node mesh proxy: mutual TLS and policy for the pods of this node, without sidecars.");
return await root.Parse(args).InvokeAsync();
