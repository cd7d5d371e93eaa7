variable "name" {
  type        = string
  description = "The shop's name; part of the names of its flows."
}

variable "region" {
  type        = string
  description = "Where its data is: the label of the agent that may read it."

  validation {
    condition     = contains(["eu", "us"], var.region)
    error_message = "There are agents in eu and us."
  }
}

variable "hour" {
  type    = number
  default = 6
}

output "load" {
  value = flow.load.name
}

output "names" {
  value = [flow.extract.name, flow.load.name]
}
