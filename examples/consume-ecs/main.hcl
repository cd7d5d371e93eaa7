# A flow of ECS that others start: `current/etl.json` in the registry has a whole RunTask body, and consume.py makes an
# EventBridge schedule, a state of Step Functions and the arguments of an Airflow operator from it.

flowform {
  project = "consume-ecs"

  registry "local" {
    path = ".flowform/registry"
  }
}

provider "ecs" {
  region = "us-east-1"
}

variable "subnets" {
  type    = list(string)
  default = ["subnet-0a1b2c3d4e5f60718"]
}

variable "security_groups" {
  type    = list(string)
  default = ["sg-0a1b2c3d4e5f60718"]
}

storage "module" "code" {
  module = "shop.flows"
}

agent "ecs" "prod" {
  cluster     = "flows"
  launch_type = "FARGATE"
}

flow "etl" {
  storage    = storage.module.code
  agent      = agent.ecs.prod
  parameters = { day = "yesterday" }

  run_config "ecs" {
    image              = "111122223333.dkr.ecr.us-east-1.amazonaws.com/etl:1.4.2"
    cpu                = "512"
    memory             = "1024"
    execution_role_arn = "arn:aws:iam::111122223333:role/flows-execution"

    run_task_kwargs = {
      networkConfiguration = {
        awsvpcConfiguration = {
          subnets        = var.subnets
          securityGroups = var.security_groups
          assignPublicIp = "DISABLED"
        }
      }
    }

    task_definition = {
      requiresCompatibilities = ["FARGATE"]
      networkMode             = "awsvpc"

      containerDefinitions = [
        {
          name   = "flow"
          memory = 1024

          logConfiguration = {
            logDriver = "awslogs"
            options = {
              awslogs-group         = "flows"
              awslogs-region        = "us-east-1"
              awslogs-stream-prefix = "etl"
            }
          }
        },
      ]
    }
  }
}
