using Lab;
using Lab.Compare;
using Lab.Cost;
using Lab.Demo;
using Lab.Faults;
using Lab.Load;
using Lab.Peers;
using Lab.Traffic;

const string Usage = """
    usage: lab demo [--keep]    the Star Wars scenario on two nodes; --keep leaves the lab standing
           lab cost             measures what a connection costs
           lab compare …        node-proxy beside HAProxy and nginx; see perf/README.md
           lab list             the labs of this machine
           lab down [ID]        removes that lab; without ID all kept labs, and those whose owner is dead
           lab twin ID POD      makes a namespace with the address of an enrolled pod and without its capture; --remove ends it
           lab faults           a loop of faults under load; --minutes N, --seed S
           lab peer …           test peers; `lab peer` lists them
           lab traffic …        the load of the fault loop
           lab load …           load for `lab compare`; `lab load` lists it
    """;

try
{
    return args switch
    {
        ["demo"] => await DemoCommand.RunAsync(keeps: false),
        ["demo", "--keep"] => await DemoCommand.RunAsync(keeps: true),
        ["cost"] => await CostCommand.RunAsync(),
        ["compare", .. var rest] => await CompareCommand.RunAsync(rest),
        ["list"] => LabCommands.List(),
        ["down"] => await LabCommands.DownAsync(lab => lab.IsKept && !lab.HasLivingOwner()),
        ["down", var id] => await LabCommands.DownAsync(lab => lab.Id == id),
        ["twin", var id, var pod] => await TwinCommand.MakeAsync(id, pod),
        ["twin", var id, var pod, "--remove"] => await TwinCommand.RemoveAsync(id, pod),
        ["faults", .. var rest] => await FaultsCommand.RunAsync(rest),
        ["traffic", .. var rest] => await TrafficCommand.RunAsync(rest),
        ["peer", .. var rest] => await PeerCommand.RunAsync(rest),
        ["load", .. var rest] => await LoadCommand.RunAsync(rest),
        _ => Fail(Usage, 2),
    };
}
catch (LabException fault)
{
    return Fail(fault.Message, 1);
}

static int Fail(string text, int code)
{
    Console.Error.WriteLine(text);
    return code;
}
