"""The tools measured in addition to cgw; a new one is one module and one line."""

from benchmarks.peers.cgw import Cgw
from benchmarks.peers.chalice import Chalice
from benchmarks.peers.cloudformation import CloudFormation
from benchmarks.peers.sam import Sam
from benchmarks.peers.script import Script
from benchmarks.peers.terraform import Terraform

PEERS = (Cgw, Script, Terraform, CloudFormation, Sam, Chalice)
